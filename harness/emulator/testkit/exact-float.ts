/**
 * IEEE-754 arithmetic on exact rationals (BigInt), rounded once to nearest even: a slow oracle that shares nothing with
 * the host's floating point. Finite operands only.
 */

/** One binary format: bits of the significand with its hidden one, and of the exponent field. */
export interface FloatFormat {
  readonly precisionBits: number;
  readonly exponentBits: number;
}

export const DOUBLE: FloatFormat = { precisionBits: 53, exponentBits: 11 };
export const SINGLE: FloatFormat = { precisionBits: 24, exponentBits: 8 };

/** (-1)^negative · numerator / denominator, with the sign kept for zeros. */
export interface ExactValue {
  readonly negative: boolean;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** The exact value of a finite bit pattern. */
export function decodeFloat(bits: bigint, format: FloatFormat): ExactValue {
  const fractionBits = BigInt(format.precisionBits - 1);
  const bias = 2 ** (format.exponentBits - 1) - 1;
  const fraction = bits & ((1n << fractionBits) - 1n);
  const field = Number((bits >> fractionBits) & ((1n << BigInt(format.exponentBits)) - 1n));
  if (field === 2 ** format.exponentBits - 1) throw new RangeError('not a finite number');
  const significand = field === 0 ? fraction : fraction | (1n << fractionBits);
  const exponent = Math.max(field, 1) - bias - (format.precisionBits - 1);
  const negative = bits >> (fractionBits + BigInt(format.exponentBits)) === 1n;
  return exponent >= 0
    ? { negative, numerator: significand << BigInt(exponent), denominator: 1n }
    : { negative, numerator: significand, denominator: 1n << BigInt(-exponent) };
}

/** The bit pattern nearest to a value, ties to even; too large becomes infinity, too small a signed zero. */
export function encodeFloat(value: ExactValue, format: FloatFormat): bigint {
  const fractionBits = format.precisionBits - 1;
  const bias = 2 ** (format.exponentBits - 1) - 1;
  const sign = value.negative ? 1n << BigInt(fractionBits + format.exponentBits) : 0n;
  if (value.numerator === 0n) return sign;
  let exponent = bitLength(value.numerator) - bitLength(value.denominator);
  if (scale(value.numerator, -exponent) < scale(value.denominator, exponent)) exponent--;
  const unit = Math.max(exponent, 1 - bias) - fractionBits;
  const dividend = scale(value.numerator, -unit);
  const divisor = scale(value.denominator, unit);
  let significand = dividend / divisor;
  const twiceRest = (dividend % divisor) * 2n;
  if (twiceRest > divisor || (twiceRest === divisor && (significand & 1n) === 1n)) significand++;
  // A subnormal has no hidden one; one that rounded up to the smallest normal encodes itself.
  const field = BigInt(unit + fractionBits + bias - 1);
  const infinity = (1n << BigInt(format.exponentBits)) - 1n;
  const magnitude = significand + (field << BigInt(fractionBits));
  return (
    sign | (magnitude >= infinity << BigInt(fractionBits) ? infinity << BigInt(fractionBits) : magnitude)
  );
}

/** Sum; an exact zero sum is positive unless both operands are negative. */
export function addExact(left: ExactValue, right: ExactValue): ExactValue {
  const a = left.numerator * right.denominator * (left.negative ? -1n : 1n);
  const b = right.numerator * left.denominator * (right.negative ? -1n : 1n);
  const sum = a + b;
  const negative = sum === 0n ? left.negative && right.negative : sum < 0n;
  return { negative, numerator: sum < 0n ? -sum : sum, denominator: left.denominator * right.denominator };
}

export function negateExact(value: ExactValue): ExactValue {
  return { ...value, negative: !value.negative };
}

export function multiplyExact(left: ExactValue, right: ExactValue): ExactValue {
  return {
    negative: left.negative !== right.negative,
    numerator: left.numerator * right.numerator,
    denominator: left.denominator * right.denominator,
  };
}

/** The divisor must not be zero. */
export function divideExact(left: ExactValue, right: ExactValue): ExactValue {
  return {
    negative: left.negative !== right.negative,
    numerator: left.numerator * right.denominator,
    denominator: left.denominator * right.numerator,
  };
}

/** The integer towards zero. */
export function truncateExact(value: ExactValue): bigint {
  const magnitude = value.numerator / value.denominator;
  return value.negative ? -magnitude : magnitude;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

/** value · 2^max(exponent, 0). */
function scale(value: bigint, exponent: number): bigint {
  return exponent > 0 ? value << BigInt(exponent) : value;
}
