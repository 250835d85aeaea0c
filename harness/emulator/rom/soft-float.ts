/**
 * IEEE-754 arithmetic on bit patterns, round to nearest even, as the compiler's soft-float library on Xtensa does it.
 *
 * Finite operands and their results come from the host's own arithmetic, which is exact here: doubles directly; singles
 * in double precision and then rounded once more, which is harmless because a double has more than twice a single's
 * precision plus two bits (and tiny sums are exact). Operands that are infinite or not a number are handled on the bits
 * alone, so that no host decides what a NaN looks like.
 *
 * What a NaN result looks like follows GCC's libgcc for Xtensa of the ROM's age (`gcc/config/xtensa/ieee754-df.S` and
 * `ieee754-sf.S`, read as facts); that the ROM has the same one is likely, the function addresses agree with it, but
 * not measured.
 */

const doubles = new Float64Array(2);
const doubleWords = new Int32Array(doubles.buffer);
const singles = new Float32Array(2);
const singleWords = new Int32Array(singles.buffer);

/** The double result of the last operation: low word, high word. */
export const doubleResult = new Int32Array(2);

const DOUBLE_INFINITY = 0x7ff00000;
const DOUBLE_QUIET = 0x00080000;
const SINGLE_INFINITY = 0x7f800000;
const SINGLE_QUIET = 0x00400000;
const SIGN = 0x80000000 | 0;

type DoubleOperation = 'add' | 'subtract' | 'multiply' | 'divide';

/** doubleResult = x + y. */
export function addDouble(xLow: number, xHigh: number, yLow: number, yHigh: number): void {
  if (isDoubleSpecial(xHigh) || isDoubleSpecial(yHigh)) {
    addDoubleSpecial(xLow, xHigh, yLow, yHigh);
  } else {
    hostDouble('add', xLow, xHigh, yLow, yHigh);
  }
}

/** doubleResult = x - y. A NaN y gets its sign flipped on the way, as the library does. */
export function subtractDouble(xLow: number, xHigh: number, yLow: number, yHigh: number): void {
  if (isDoubleSpecial(xHigh) || isDoubleSpecial(yHigh)) {
    addDoubleSpecial(xLow, xHigh, yLow, yHigh ^ SIGN);
  } else {
    hostDouble('subtract', xLow, xHigh, yLow, yHigh);
  }
}

/** doubleResult = x · y. */
export function multiplyDouble(xLow: number, xHigh: number, yLow: number, yHigh: number): void {
  const sign = (xHigh ^ yHigh) & SIGN;
  if (isDoubleSpecial(xHigh)) {
    if (isDoubleZero(yLow, yHigh)) setDouble(xLow, xHigh | DOUBLE_QUIET);
    else if (isDoubleNaN(yLow, yHigh)) setDouble(yLow, (yHigh & ~SIGN) | sign);
    else setDouble(xLow, (xHigh & ~SIGN) | sign);
  } else if (isDoubleSpecial(yHigh)) {
    if (isDoubleZero(xLow, xHigh)) setDouble(0, yHigh | DOUBLE_QUIET);
    else setDouble(yLow, (yHigh & ~SIGN) | sign);
  } else {
    hostDouble('multiply', xLow, xHigh, yLow, yHigh);
  }
}

/** doubleResult = x / y. */
export function divideDouble(xLow: number, xHigh: number, yLow: number, yHigh: number): void {
  const sign = (xHigh ^ yHigh) & SIGN;
  if (isDoubleSpecial(xHigh)) {
    setDouble(xLow, (xHigh ^ (yHigh & SIGN)) | (isDoubleSpecial(yHigh) ? DOUBLE_QUIET : 0));
  } else if (isDoubleSpecial(yHigh)) {
    if (isDoubleNaN(yLow, yHigh)) setDouble(yLow, yHigh);
    else setDouble(0, sign);
  } else if (isDoubleZero(yLow, yHigh)) {
    setDouble(0, sign | DOUBLE_INFINITY | (isDoubleZero(xLow, xHigh) ? DOUBLE_QUIET : 0));
  } else {
    hostDouble('divide', xLow, xHigh, yLow, yHigh);
  }
}

/** x + y in single precision. */
export function addSingle(x: number, y: number): number {
  if (isSingleSpecial(x) || isSingleSpecial(y)) return addSingleSpecial(x, y);
  singleWords[0] = x;
  singleWords[1] = y;
  singles[0] = singles[0]! + singles[1]!;
  return singleWords[0];
}

/** x - y in single precision. */
export function subtractSingle(x: number, y: number): number {
  if (isSingleSpecial(x) || isSingleSpecial(y)) return addSingleSpecial(x, y ^ SIGN);
  singleWords[0] = x;
  singleWords[1] = y;
  singles[0] = singles[0]! - singles[1]!;
  return singleWords[0];
}

/** x · y in single precision. */
export function multiplySingle(x: number, y: number): number {
  const sign = (x ^ y) & SIGN;
  if (isSingleSpecial(x)) {
    if (isSingleZero(y)) return x | SINGLE_QUIET;
    return ((isSingleNaN(y) ? y : x) & ~SIGN) | sign;
  }
  if (isSingleSpecial(y)) return isSingleZero(x) ? y | SINGLE_QUIET : (y & ~SIGN) | sign;
  singleWords[0] = x;
  singleWords[1] = y;
  singles[0] = singles[0]! * singles[1]!;
  return singleWords[0];
}

/** Double → int, towards zero; out of range saturates by sign, NaN gives the largest. */
export function doubleToInt(low: number, high: number): number {
  if (isDoubleNaN(low, high)) return 0x7fffffff;
  return saturateSigned(readDouble(low, high));
}

/** Double → unsigned; see toUnsigned. */
export function doubleToUnsigned(low: number, high: number): number {
  if (isDoubleNaN(low, high)) return -1;
  return toUnsigned(readDouble(low, high));
}

/** Single → unsigned; see toUnsigned. */
export function singleToUnsigned(bits: number): number {
  if (isSingleNaN(bits)) return -1;
  singleWords[0] = bits;
  return toUnsigned(singles[0]!);
}

/** doubleResult = the double of an integer from -2^31 to 2^32 - 1. */
export function integerToDouble(value: number): void {
  doubles[0] = value;
  setDouble(doubleWords[0]!, doubleWords[1]!);
}

/** The single nearest to an integer from -2^31 to 2^32 - 1. */
export function integerToSingle(value: number): number {
  singles[0] = value;
  return singleWords[0]!;
}

/** doubleResult = the same value in double precision; a NaN becomes the plain quiet one of its sign. */
export function singleToDouble(bits: number): void {
  if (isSingleSpecial(bits)) {
    setDouble(0, (bits & SIGN) | DOUBLE_INFINITY | (isSingleNaN(bits) ? DOUBLE_QUIET : 0));
    return;
  }
  singleWords[0] = bits;
  integerToDouble(singles[0]!);
}

/** Rounds a double to single precision; a NaN becomes the plain quiet one of its sign. */
export function doubleToSingle(low: number, high: number): number {
  if (isDoubleSpecial(high)) {
    return (high & SIGN) | SINGLE_INFINITY | (isDoubleNaN(low, high) ? SINGLE_QUIET : 0);
  }
  singles[0] = readDouble(low, high);
  return singleWords[0]!;
}

function hostDouble(
  operation: DoubleOperation,
  xLow: number,
  xHigh: number,
  yLow: number,
  yHigh: number,
): void {
  doubleWords[0] = xLow;
  doubleWords[1] = xHigh;
  doubleWords[2] = yLow;
  doubleWords[3] = yHigh;
  const x = doubles[0]!;
  const y = doubles[1]!;
  if (operation === 'add') doubles[0] = x + y;
  else if (operation === 'subtract') doubles[0] = x - y;
  else if (operation === 'multiply') doubles[0] = x * y;
  else doubles[0] = x / y;
  setDouble(doubleWords[0], doubleWords[1]);
}

/** At least one operand is infinite or not a number. */
function addDoubleSpecial(xLow: number, xHigh: number, yLow: number, yHigh: number): void {
  const sameSign = (xHigh ^ yHigh) >= 0;
  if (!isDoubleSpecial(xHigh)) setDouble(yLow, yHigh);
  else if (!isDoubleSpecial(yHigh)) setDouble(xLow, xHigh);
  else if (!sameSign) setDouble(xLow, xHigh | DOUBLE_QUIET);
  else if (isDoubleNaN(xLow, xHigh)) setDouble(xLow, xHigh);
  else setDouble(yLow, yHigh);
}

function addSingleSpecial(x: number, y: number): number {
  if (!isSingleSpecial(x)) return y;
  if (!isSingleSpecial(y)) return x;
  if ((x ^ y) < 0) return x | SINGLE_QUIET;
  return isSingleNaN(x) ? x : y;
}

function saturateSigned(value: number): number {
  if (value >= 0x8000_0000) return 0x7fffffff;
  if (value <= -0x8000_0000) return SIGN;
  return value | 0;
}

/**
 * Towards zero. C leaves negative and too large values open; the library wraps negative ones above -2^31 and gives
 * 0x80000000 for all below, 0xffffffff for all too large.
 */
function toUnsigned(value: number): number {
  if (value >= 0x1_0000_0000) return -1;
  if (value <= -0x8000_0000) return SIGN;
  return value | 0;
}

function readDouble(low: number, high: number): number {
  doubleWords[0] = low;
  doubleWords[1] = high;
  return doubles[0]!;
}

function setDouble(low: number, high: number): void {
  doubleResult[0] = low;
  doubleResult[1] = high;
}

/** Infinite or not a number. */
function isDoubleSpecial(high: number): boolean {
  return (high & DOUBLE_INFINITY) === DOUBLE_INFINITY;
}

function isDoubleNaN(low: number, high: number): boolean {
  return isDoubleSpecial(high) && ((high & 0x000fffff) | low) !== 0;
}

function isDoubleZero(low: number, high: number): boolean {
  return ((high << 1) | low) === 0;
}

function isSingleSpecial(bits: number): boolean {
  return (bits & SINGLE_INFINITY) === SINGLE_INFINITY;
}

function isSingleNaN(bits: number): boolean {
  return isSingleSpecial(bits) && (bits & 0x007fffff) !== 0;
}

function isSingleZero(bits: number): boolean {
  return bits << 1 === 0;
}
