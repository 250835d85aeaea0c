/** A named piece of the guest's memory, as an ELF file or the boot ROM's table gives it; structured-clonable. */
export interface CodeSymbol {
  readonly name: string;
  readonly addr: number;
  /** 0: up to the next symbol. */
  readonly sizeBytes: number;
}

export interface SymbolPlace {
  readonly symbol: CodeSymbol;
  readonly offset: number;
}

/** A symbol without a size reaches no further than this: what lies beyond is not it. */
const LONGEST_UNSIZED_BYTES = 0x1000;

/** Names of addresses, for traces, profiles and dumps. */
export class SymbolTable {
  private readonly sorted: readonly CodeSymbol[];

  /** Where two symbols share an address, the one that has a size wins, then the later one. */
  constructor(symbols: readonly CodeSymbol[]) {
    const byAddr = new Map<number, CodeSymbol>();
    for (const symbol of symbols) {
      const known = byAddr.get(symbol.addr);
      if (known === undefined || known.sizeBytes === 0 || symbol.sizeBytes > 0)
        byAddr.set(symbol.addr, symbol);
    }
    const sorted = [...byAddr.values()].sort((a, b) => a.addr - b.addr);
    // A bare label inside a function is not where a person thinks the program is.
    let functionEndAddr = 0;
    this.sorted = sorted.filter(({ addr, sizeBytes }) => {
      if (sizeBytes === 0) return addr >= functionEndAddr;
      functionEndAddr = Math.max(functionEndAddr, addr + sizeBytes);
      return true;
    });
  }

  get size(): number {
    return this.sorted.length;
  }

  /** The symbol that `addr` lies in. */
  find(addr: number): SymbolPlace | undefined {
    const unsigned = addr >>> 0;
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle]!.addr <= unsigned) low = middle + 1;
      else high = middle;
    }
    const symbol = this.sorted[low - 1];
    if (symbol === undefined) return undefined;
    const offset = unsigned - symbol.addr;
    return offset < (symbol.sizeBytes || LONGEST_UNSIZED_BYTES) ? { symbol, offset } : undefined;
  }

  /** `name`, `name+0x12`, or nothing. */
  describe(addr: number): string | undefined {
    const place = this.find(addr);
    if (place === undefined) return undefined;
    return place.offset === 0 ? place.symbol.name : `${place.symbol.name}+0x${place.offset.toString(16)}`;
  }
}

/** ` <name+0x12>` to put behind an address, or nothing. */
export function angled(symbols: SymbolTable | undefined, addr: number): string {
  const name = symbols?.describe(addr);
  return name === undefined ? '' : ` <${name}>`;
}
