/** How much memory each component takes, from the linker's map: what was dropped as unused does not count. */

export interface ComponentSize {
  readonly component: string;
  /** Code, in flash and in IRAM. */
  readonly textBytes: number;
  /** Of it, in IRAM. */
  readonly iramBytes: number;
  /** Constants, wherever they lie. */
  readonly rodataBytes: number;
  readonly dataBytes: number;
  readonly bssBytes: number;
}

type Kind = 'text' | 'iram' | 'rodata' | 'data' | 'bss';

const OBJECT = /objects\/([^/]+)\/[0-9a-f]+\/[^/]+\.o$/;
const ARCHIVE = /\/lib(\w+)\.a\(/;
/** ` .text.name  0xADDR  0xSIZE file`, the name on the line before when it is long. */
const CONTRIBUTION = /^ (\.[\w.$*-]+|COMMON)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$/;
const LONG_NAME = /^ (\.[\w.$-]+)$/;
const OUTPUT_SECTION = /^(\.[\w.]+)/;

/** Sizes by component, the largest text first. */
export function componentSizes(map: string): readonly ComponentSize[] {
  const sums = new Map<string, Record<Kind, number>>();
  let output = '';
  let pending = '';
  for (const line of map.slice(map.indexOf('Linker script and memory map')).split('\n')) {
    output = OUTPUT_SECTION.exec(line)?.[1] ?? output;
    const long = LONG_NAME.exec(line)?.[1];
    if (long !== undefined) {
      pending = long;
      continue;
    }
    const match = CONTRIBUTION.exec(line);
    if (match === null) continue;
    const kind = kindOf(output, match[1] ?? pending);
    const component = componentOf(match[4]!);
    const sizeBytes = parseInt(match[3]!, 16);
    if (kind === undefined || component === undefined || sizeBytes === 0) continue;
    const sum = sums.get(component) ?? { text: 0, iram: 0, rodata: 0, data: 0, bss: 0 };
    sum[kind] += sizeBytes;
    sums.set(component, sum);
  }
  return [...sums]
    .map(([component, { text, iram, rodata, data, bss }]) => ({
      component,
      textBytes: text + iram,
      iramBytes: iram,
      rodataBytes: rodata,
      dataBytes: data,
      bssBytes: bss,
    }))
    .sort((a, b) => b.textBytes - a.textBytes);
}

function kindOf(output: string, input: string): Kind | undefined {
  switch (output) {
    case '.flash.text':
      return input.startsWith('.rodata') ? 'rodata' : 'text';
    case '.iram0.text':
    case '.iram0.vectors':
      return 'iram';
    case '.flash.rodata':
      return 'rodata';
    case '.dram0.data':
      return input.startsWith('.rodata') ? 'rodata' : 'data';
    case '.bss':
    case '.noinit':
      return 'bss';
    default:
      return undefined;
  }
}

function componentOf(file: string): string | undefined {
  return OBJECT.exec(file)?.[1] ?? ARCHIVE.exec(file)?.[1];
}

/** A table for people. */
export function sizesTable(sizes: readonly ComponentSize[]): string {
  const columns = ['textBytes', 'iramBytes', 'rodataBytes', 'dataBytes', 'bssBytes'] as const;
  const row = (name: string, cells: readonly (string | number)[]): string =>
    name.padEnd(10) + cells.map((cell) => String(cell).padStart(9)).join('');
  const total = columns.map((column) => sizes.reduce((sum, size) => sum + size[column], 0));
  return [
    row('', ['text', 'in IRAM', 'rodata', 'data', 'bss']),
    ...sizes.map((size) =>
      row(
        size.component,
        columns.map((column) => size[column]),
      ),
    ),
    row('all', total),
  ].join('\n');
}
