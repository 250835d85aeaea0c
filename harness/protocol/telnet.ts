/**
 * Telnet as RFC 2217 uses it: bytes in, data and commands out, with IAC doubling in data and in subnegotiations.
 * Sources: RFC 854 (commands), RFC 855 (options), RFC 1143 (negotiation without loops), RFC 856 (BINARY).
 */
import { concatBytes } from '../core/bytes';

export const IAC = 0xff;
/** Telnet commands after IAC. */
export const TELNET = {
  SE: 0xf0,
  NOP: 0xf1,
  BREAK: 0xf3,
  GO_AHEAD: 0xf9,
  SB: 0xfa,
  WILL: 0xfb,
  WONT: 0xfc,
  DO: 0xfd,
  DONT: 0xfe,
} as const;

/** Telnet options that matter here. */
export const TELNET_OPTION = { BINARY: 0, ECHO: 1, SUPPRESS_GO_AHEAD: 3, COM_PORT: 44 } as const;

export type TelnetVerb = 'WILL' | 'WONT' | 'DO' | 'DONT';

export type TelnetEvent =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'negotiate'; readonly verb: TelnetVerb; readonly option: number }
  | { readonly kind: 'subnegotiation'; readonly option: number; readonly payload: Uint8Array }
  | { readonly kind: 'command'; readonly code: number }
  | {
      readonly kind: 'error';
      readonly reason: 'subnegotiation-too-long' | 'bad-subnegotiation' | 'empty-subnegotiation';
    };

const VERBS: ReadonlyMap<number, TelnetVerb> = new Map([
  [TELNET.WILL, 'WILL'],
  [TELNET.WONT, 'WONT'],
  [TELNET.DO, 'DO'],
  [TELNET.DONT, 'DONT'],
]);

type State = 'data' | 'iac' | 'verb' | 'sb' | 'sb-iac';

/** Longest payload of a subnegotiation that is kept; the longest real one is a signature text. */
export const DEFAULT_MAX_SUBNEGOTIATION_BYTES = 512;

/** Incremental and bounded: an over-long subnegotiation becomes one `error` and is skipped up to its end. */
export class TelnetParser {
  private state: State = 'data';
  private verb: TelnetVerb = 'WILL';
  private readonly sub: Uint8Array;
  private subLength = 0;
  private overflowed = false;

  constructor(options: { readonly maxSubnegotiationBytes?: number } = {}) {
    // One byte more for the option code in front of the payload.
    this.sub = new Uint8Array((options.maxSubnegotiationBytes ?? DEFAULT_MAX_SUBNEGOTIATION_BYTES) + 1);
  }

  /** Everything the bytes complete, in order; data is joined up to the next command. */
  feed(bytes: Uint8Array): TelnetEvent[] {
    const events: TelnetEvent[] = [];
    let data = new Uint8Array(bytes.length);
    let length = 0;
    const flush = () => {
      if (length > 0) events.push({ kind: 'data', bytes: data.subarray(0, length) });
      data = new Uint8Array(bytes.length);
      length = 0;
    };
    for (const byte of bytes) {
      if (this.state === 'data') {
        if (byte === IAC) this.state = 'iac';
        else data[length++] = byte;
      } else if (this.state === 'iac' && byte === IAC) {
        data[length++] = IAC;
        this.state = 'data';
      } else {
        const event = this.step(byte);
        if (event !== undefined) {
          flush();
          events.push(event);
        }
      }
    }
    flush();
    return events;
  }

  private step(byte: number): TelnetEvent | undefined {
    switch (this.state) {
      case 'iac':
        return this.command(byte);
      case 'verb':
        this.state = 'data';
        return { kind: 'negotiate', verb: this.verb, option: byte };
      case 'sb':
        if (byte === IAC) this.state = 'sb-iac';
        else this.keep(byte);
        return undefined;
      case 'sb-iac':
        return this.afterIacInside(byte);
      case 'data':
        return undefined;
    }
  }

  private command(byte: number): TelnetEvent | undefined {
    const verb = VERBS.get(byte);
    if (verb !== undefined) {
      this.verb = verb;
      this.state = 'verb';
      return undefined;
    }
    if (byte === TELNET.SB) {
      this.state = 'sb';
      this.subLength = 0;
      this.overflowed = false;
      return undefined;
    }
    this.state = 'data';
    return { kind: 'command', code: byte };
  }

  private afterIacInside(byte: number): TelnetEvent | undefined {
    if (byte === IAC) {
      this.state = 'sb';
      this.keep(IAC);
      return undefined;
    }
    if (byte === TELNET.SE) {
      this.state = 'data';
      if (this.overflowed) return { kind: 'error', reason: 'subnegotiation-too-long' };
      if (this.subLength === 0) return { kind: 'error', reason: 'empty-subnegotiation' };
      return {
        kind: 'subnegotiation',
        option: this.sub[0]!,
        payload: this.sub.slice(1, this.subLength),
      };
    }
    // Neither IAC nor SE: the peer lost its end. Give the subnegotiation up and obey the command.
    this.state = 'iac';
    const inner = this.command(byte);
    return inner ?? { kind: 'error', reason: 'bad-subnegotiation' };
  }

  private keep(byte: number): void {
    if (this.subLength === this.sub.length) this.overflowed = true;
    else this.sub[this.subLength++] = byte;
  }
}

/** Doubles every IAC; returns the array itself when there is none. */
export function escapeIac(bytes: Uint8Array): Uint8Array {
  let count = 0;
  for (const byte of bytes) if (byte === IAC) count += 1;
  if (count === 0) return bytes;
  const out = new Uint8Array(bytes.length + count);
  let at = 0;
  for (const byte of bytes) {
    out[at++] = byte;
    if (byte === IAC) out[at++] = IAC;
  }
  return out;
}

/** IAC verb option. */
export function encodeNegotiation(verb: TelnetVerb, option: number): Uint8Array {
  return Uint8Array.of(IAC, TELNET[verb], option);
}

/** IAC SB option payload IAC SE, with IAC doubled in the payload. */
export function encodeSubnegotiation(option: number, payload: Uint8Array): Uint8Array {
  return concatBytes([
    Uint8Array.of(IAC, TELNET.SB),
    escapeIac(Uint8Array.of(option)),
    escapeIac(payload),
    Uint8Array.of(IAC, TELNET.SE),
  ]);
}

type Side = 'us' | 'him';
/** 'asked': we sent the request and wait for the peer's word. */
type OptionState = 'no' | 'asked' | 'yes' | 'refused';

/**
 * Which options are on, for us and for the peer. Answers every request once and never answers an answer, so two of
 * these talking to each other come to rest (RFC 1143 without its queue: nothing is switched off again).
 */
export class TelnetOptions {
  private readonly states = new Map<string, OptionState>();
  private readonly accepted: { readonly us: ReadonlySet<number>; readonly him: ReadonlySet<number> };

  constructor(accept: { readonly us: readonly number[]; readonly him: readonly number[] }) {
    this.accepted = { us: new Set(accept.us), him: new Set(accept.him) };
  }

  /** What to send to have an option on; empty when that has been asked already. */
  request(side: Side, option: number): Uint8Array {
    if (this.state(side, option) !== 'no') return new Uint8Array(0);
    this.set(side, option, 'asked');
    return encodeNegotiation(side === 'us' ? 'WILL' : 'DO', option);
  }

  /** Takes the peer's word and returns what to send back, often nothing. */
  receive(verb: TelnetVerb, option: number): Uint8Array {
    // DO and DONT speak of our side, WILL and WONT of his.
    const side: Side = verb === 'DO' || verb === 'DONT' ? 'us' : 'him';
    const wanted = verb === 'DO' || verb === 'WILL';
    const before = this.state(side, option);
    const yes: TelnetVerb = side === 'us' ? 'WILL' : 'DO';
    const no: TelnetVerb = side === 'us' ? 'WONT' : 'DONT';
    if (!wanted) {
      this.set(side, option, 'refused');
      return before === 'yes' ? encodeNegotiation(no, option) : new Uint8Array(0);
    }
    if (before === 'yes') return new Uint8Array(0);
    if (before === 'asked') {
      this.set(side, option, 'yes');
      return new Uint8Array(0);
    }
    if (!this.accepted[side].has(option)) return encodeNegotiation(no, option);
    this.set(side, option, 'yes');
    return encodeNegotiation(yes, option);
  }

  isOn(side: Side, option: number): boolean {
    return this.state(side, option) === 'yes';
  }

  isRefused(side: Side, option: number): boolean {
    return this.state(side, option) === 'refused';
  }

  private state(side: Side, option: number): OptionState {
    return this.states.get(`${side}${option}`) ?? 'no';
  }

  private set(side: Side, option: number, state: OptionState): void {
    this.states.set(`${side}${option}`, state);
  }
}
