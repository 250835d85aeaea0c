/**
 * The conversions of the ROM's ets_vprintf, one character at a time.
 *
 * The ROM hands every character to a guest function, which may wait for the UART and be interrupted. So nothing is kept
 * on the host between two characters: a PrintfState is six words that the caller stores in guest memory or registers,
 * and the conversion in progress is expanded again for each of its characters.
 *
 * Measured (chip.md 5.3): %d %u %x %X %p %s %c %%, 0, width, -, precision of %s, l, ll with an aligned pair, NULL as
 * `<null>`; `%i` prints "%i ", `%+d` prints "%+ d", `%f` prints "%f", none of them takes an argument; no `*`.
 * Decided, not measured: an unknown letter is followed by a blank unless it is f; precision of numbers is C's (least
 * number of digits); %c takes a width; %b prints binary digits, most significant first; - wins over 0; a % at the end of
 * the format prints itself.
 */
import type { RomGuest } from './rom-call';

/** Where an output stands: addresses as the guest has them, and GCC's va_list for Xtensa (see takeArgument). */
export interface PrintfState {
  /** Next character of the format, or the % of the conversion in progress. */
  format: number;
  /** __va_stk: 32 bytes below the first argument on the stack. */
  vaStack: number;
  /** __va_reg: where the six argument registers are saved. */
  vaRegisters: number;
  /** __va_ndx: bytes of arguments consumed, named ones included. */
  vaIndex: number;
  /** Characters of the conversion in progress that are already out. */
  index: number;
  /** All characters that are out: the function's result. */
  count: number;
}

/** Words that savePrintfState writes. */
export const PRINTF_STATE_WORDS = 6;

const REGISTER_BYTES = 24;
/** The index of the first argument on the stack: above all register indexes, 8-byte aligned. */
const STACK_INDEX = 32;

const NUL = 0;
const BLANK = 0x20;
const PERCENT = 0x25;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

const LETTER_B = 0x62;
const LETTER_C = 0x63;
const LETTER_D = 0x64;
const LETTER_F = 0x66;
const LETTER_L = 0x6c;
const LETTER_P = 0x70;
const LETTER_S = 0x73;
const LETTER_U = 0x75;
const LETTER_X = 0x78;
const LETTER_UPPER_X = 0x58;

const NULL_TEXT = '<null>';
const NO_PRECISION = -1;

/** A conversion specification, taken apart. One object, overwritten by every parse. */
const spec = {
  /** First address behind it. */
  end: 0,
  /** Its letter; NUL when the format ends inside it. */
  letter: 0,
  left: false,
  zero: false,
  width: 0,
  precision: NO_PRECISION,
  /** Takes 64 bits. */
  isWide: false,
};

/** Where the next argument stands and what __va_ndx becomes: the result of locateArgument. */
const argument = { addr: 0, nextIndex: 0 };

/** Digits of a number, least significant first; 64 binary digits at most. */
const digits = new Uint8Array(64);

/** A fresh state at the start of `format`, with a va_list as the guest passes it: three words by value. */
export function startPrintf(
  format: number,
  vaStack: number,
  vaRegisters: number,
  vaIndex: number,
): PrintfState {
  return { format, vaStack, vaRegisters, vaIndex, index: 0, count: 0 };
}

/** Writes the state as PRINTF_STATE_WORDS words. */
export function savePrintfState(guest: RomGuest, addr: number, state: PrintfState): void {
  guest.store32(addr, state.format);
  guest.store32(addr + 4, state.vaStack);
  guest.store32(addr + 8, state.vaRegisters);
  guest.store32(addr + 12, state.vaIndex);
  guest.store32(addr + 16, state.index);
  guest.store32(addr + 20, state.count);
}

/** Reads back what savePrintfState wrote, into `target` when the caller has one to spare. */
export function loadPrintfState(guest: RomGuest, addr: number, target?: PrintfState): PrintfState {
  const state = target ?? startPrintf(0, 0, 0, 0);
  state.format = guest.load32(addr) | 0;
  state.vaStack = guest.load32(addr + 4) | 0;
  state.vaRegisters = guest.load32(addr + 8) | 0;
  state.vaIndex = guest.load32(addr + 12) | 0;
  state.index = guest.load32(addr + 16) | 0;
  state.count = guest.load32(addr + 20) | 0;
  return state;
}

/**
 * The next character of the output, and the state moved behind it; -1 at the end of the format.
 * When a load traps (RomTrap), the state may have moved behind finished conversions only: the call can be repeated.
 */
export function nextPrintfCharacter(guest: RomGuest, state: PrintfState): number {
  for (;;) {
    const char = guest.load8(state.format);
    if (char === NUL) return -1;
    if (char !== PERCENT) {
      state.format = (state.format + 1) | 0;
      state.count++;
      return char;
    }
    parseSpec(guest, state.format + 1);
    const expanded = expand(guest, state);
    if (expanded >= 0) {
      state.index++;
      state.count++;
      return expanded;
    }
    if (takesArgument(spec.letter)) {
      locateArgument(state, spec.isWide && spec.letter !== LETTER_S && spec.letter !== LETTER_C);
      state.vaIndex = argument.nextIndex;
    }
    state.format = spec.end | 0;
    state.index = 0;
  }
}

/** % [-] [0] [width] [. precision] [l [l]] letter: in this order, as measured. */
function parseSpec(guest: RomGuest, start: number): void {
  let at = start;
  let char = guest.load8(at);
  spec.left = char === MINUS;
  if (spec.left) char = guest.load8(++at);
  spec.zero = char === ZERO;
  if (spec.zero) char = guest.load8(++at);
  spec.width = 0;
  for (; char >= ZERO && char <= NINE; char = guest.load8(++at)) spec.width = grow(spec.width, char);
  spec.precision = NO_PRECISION;
  if (char === DOT) {
    spec.precision = 0;
    char = guest.load8(++at);
    for (; char >= ZERO && char <= NINE; char = guest.load8(++at))
      spec.precision = grow(spec.precision, char);
  }
  spec.isWide = false;
  if (char === LETTER_L) {
    char = guest.load8(++at);
    if (char === LETTER_L) {
      spec.isWide = true;
      char = guest.load8(++at);
    }
  }
  spec.letter = char;
  spec.end = char === NUL ? at : at + 1;
}

/** One more decimal digit, within a signed word. */
function grow(value: number, digit: number): number {
  return Math.min(value * 10 + (digit - ZERO), 0x7fffffff);
}

function takesArgument(letter: number): boolean {
  return isNumber(letter) || letter === LETTER_S || letter === LETTER_C;
}

function isNumber(letter: number): boolean {
  return (
    letter === LETTER_D ||
    letter === LETTER_U ||
    letter === LETTER_X ||
    letter === LETTER_UPPER_X ||
    letter === LETTER_P ||
    letter === LETTER_B
  );
}

/** Character number state.index of the parsed conversion, -1 behind its last. */
function expand(guest: RomGuest, state: PrintfState): number {
  const letter = spec.letter;
  const index = state.index;
  if (isNumber(letter)) return expandNumber(guest, state);
  if (letter === LETTER_S) return expandText(guest, state);
  if (letter === LETTER_C) {
    const pad = Math.max(0, spec.width - 1);
    if (index > pad) return -1;
    if (index !== (spec.left ? 0 : pad)) return BLANK;
    locateArgument(state, false);
    return guest.load32(argument.addr) & 0xff;
  }
  if (letter === PERCENT) return index === 0 ? PERCENT : -1;
  return expandUnknown(letter, index);
}

/** The echo of what the ROM does not know. */
function expandUnknown(letter: number, index: number): number {
  if (index === 0) return PERCENT;
  if (letter === NUL) return -1;
  if (index === 1) return letter;
  return index === 2 && letter !== LETTER_F ? BLANK : -1;
}

function expandNumber(guest: RomGuest, state: PrintfState): number {
  const letter = spec.letter;
  locateArgument(state, spec.isWide);
  let low = guest.load32(argument.addr) | 0;
  let high = spec.isWide ? guest.load32(argument.addr + 4) | 0 : 0;
  let prefix = 0;
  if (letter === LETTER_D && (spec.isWide ? high : low) < 0) {
    prefix = 1;
    high = spec.isWide ? (low === 0 ? -high : ~high) : 0;
    low = -low;
  }
  const base = letter === LETTER_D || letter === LETTER_U ? 10 : letter === LETTER_B ? 2 : 16;
  const digitCount = writeDigits(low, high, base);
  const isPointer = letter === LETTER_P;
  if (isPointer) prefix = 2;
  const width = spec.width;
  let least = isPointer ? 8 : Math.max(0, spec.precision);
  if (spec.zero && !spec.left && !isPointer) least = Math.max(least, width - prefix);
  const zeros = Math.max(0, least - digitCount);
  const pad = Math.max(0, width - prefix - zeros - digitCount);

  let index = state.index;
  if (!spec.left) {
    if (index < pad) return BLANK;
    index -= pad;
  }
  if (index < prefix) return isPointer ? (index === 0 ? ZERO : LETTER_X) : MINUS;
  index -= prefix;
  if (index < zeros) return ZERO;
  index -= zeros;
  if (index < digitCount) return digitCharacter(digits[digitCount - 1 - index]!, letter);
  index -= digitCount;
  return spec.left && index < pad ? BLANK : -1;
}

function digitCharacter(digit: number, letter: number): number {
  if (digit < 10) return ZERO + digit;
  return digit - 10 + (letter === LETTER_UPPER_X ? 0x41 : 0x61);
}

/** Fills `digits` with an unsigned value, at least one digit; returns how many. */
function writeDigits(low: number, high: number, base: number): number {
  let rest = low >>> 0;
  let top = high >>> 0;
  let count = 0;
  do {
    // One digit of a 64-bit value: divide the high word, carry its remainder into the low one. Below 2^36: exact.
    const carried = (top % base) * 0x1_0000_0000 + rest;
    top = Math.floor(top / base);
    rest = Math.floor(carried / base);
    digits[count++] = carried % base;
  } while (rest !== 0 || top !== 0);
  return count;
}

function expandText(guest: RomGuest, state: PrintfState): number {
  locateArgument(state, false);
  const text = guest.load32(argument.addr) >>> 0;
  const limit = spec.precision === NO_PRECISION ? Infinity : spec.precision;
  let index = state.index;
  let pad = 0;
  // The length matters only up to the width, so a long text is not scanned again for each of its characters.
  const known = spec.width > 0 ? textLength(guest, text, Math.min(spec.width, limit)) : 0;
  if (spec.width > 0) pad = spec.width - known;
  if (!spec.left) {
    if (index < pad) return BLANK;
    index -= pad;
  } else if (pad > 0 && index >= known) {
    return index < spec.width ? BLANK : -1;
  }
  if (index >= limit) return -1;
  const char = textCharacter(guest, text, index);
  return char === NUL ? -1 : char;
}

function textLength(guest: RomGuest, text: number, limit: number): number {
  let length = 0;
  while (length < limit && textCharacter(guest, text, length) !== NUL) length++;
  return length;
}

/** A character of a guest string; NULL reads as the text the ROM prints for it. */
function textCharacter(guest: RomGuest, text: number, index: number): number {
  if (text !== 0) return guest.load8(text + index);
  return index < NULL_TEXT.length ? NULL_TEXT.charCodeAt(index) : NUL;
}

/**
 * va_arg as GCC compiles it for Xtensa (`xtensa_gimplify_va_arg_expr`; checked against its assembly): a 64-bit argument
 * is aligned to 8; registers serve as long as the argument fits into all 24 bytes of them, never split; then the index
 * restarts at 32 and counts from __va_stk, which points 32 bytes below the first stack argument.
 */
function locateArgument(state: PrintfState, isWide: boolean): void {
  const size = isWide ? 8 : 4;
  const start = isWide ? (state.vaIndex + 7) & ~7 : state.vaIndex;
  let next = start + size;
  let base = state.vaRegisters;
  if (next > REGISTER_BYTES) {
    base = state.vaStack;
    if (start <= REGISTER_BYTES) next = STACK_INDEX + size;
  }
  argument.addr = (base + next - size) >>> 0;
  argument.nextIndex = next;
}
