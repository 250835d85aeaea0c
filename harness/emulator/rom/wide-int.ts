/**
 * 64-bit integers as pairs of 32-bit words, without BigInt and without allocation. Results that do not fit one number
 * are left in `wide`: read them before the next call.
 */

/** The last result. Signed words. */
export const wide = { low: 0, high: 0, remainderLow: 0, remainderHigh: 0 };

const WORD = 0x1_0000_0000;
const HALF = 0x1_0000;
/** Up to here a double holds every integer. */
const EXACT = 0x20_0000_0000_0000;

/** wide = low 64 bits of left × right. */
export function multiplyWide(leftLow: number, leftHigh: number, rightLow: number, rightHigh: number): void {
  multiplyWords(leftLow, rightLow);
  wide.high = (wide.high + Math.imul(leftLow, rightHigh) + Math.imul(leftHigh, rightLow)) | 0;
}

/** wide = the whole product of two unsigned words. */
export function multiplyWords(left: number, right: number): void {
  const leftLow = left & 0xffff;
  const leftHigh = left >>> 16;
  const rightLow = right & 0xffff;
  const rightHigh = right >>> 16;
  const low = leftLow * rightLow;
  // Below 2^33: exact in a double.
  const middle = leftHigh * rightLow + leftLow * rightHigh;
  const lowSum = low + (middle % HALF) * HALF;
  wide.low = lowSum | 0;
  wide.high = (leftHigh * rightHigh + Math.floor(middle / HALF) + Math.floor(lowSum / WORD)) | 0;
}

/**
 * Unsigned division: quotient in wide.low/high, remainder in wide.remainderLow/High. The divisor must not be zero.
 */
export function divideWide(low: number, high: number, byLow: number, byHigh: number): void {
  const dividend = (high >>> 0) * WORD + (low >>> 0);
  const divisor = (byHigh >>> 0) * WORD + (byLow >>> 0);
  if (dividend < EXACT && divisor < EXACT) {
    const quotient = Math.floor(dividend / divisor);
    // Exact: the product of two integers that is at most the dividend.
    setQuotient(quotient, dividend - quotient * divisor);
    return;
  }
  if (byHigh === 0) divideByWord(low, high, byLow >>> 0);
  else divideByLong(low, high, byLow, byHigh, dividend / divisor);
}

function setQuotient(quotient: number, remainder: number): void {
  wide.low = quotient | 0;
  wide.high = Math.floor(quotient / WORD) | 0;
  wide.remainderLow = remainder | 0;
  wide.remainderHigh = Math.floor(remainder / WORD) | 0;
}

/** Long division with 16-bit digits: every intermediate value is below 2^48. */
function divideByWord(low: number, high: number, divisor: number): void {
  const top = high >>> 0;
  const quotientHigh = Math.floor(top / divisor);
  let rest = (top % divisor) * HALF + (low >>> 16);
  const upper = Math.floor(rest / divisor);
  rest = (rest % divisor) * HALF + (low & 0xffff);
  const lower = Math.floor(rest / divisor);
  wide.high = quotientHigh | 0;
  wide.low = (upper << 16) | lower;
  wide.remainderLow = (rest % divisor) | 0;
  wide.remainderHigh = 0;
}

/** A divisor of 2^32 or more: the quotient fits a word and its estimate in doubles is off by one at most. */
function divideByLong(low: number, high: number, byLow: number, byHigh: number, estimate: number): void {
  let quotient = Math.min(Math.floor(estimate), WORD - 1);
  for (;;) {
    multiplyWords(quotient, byLow);
    // Near the true quotient the upper product stays far below 2^53, so this sum is exact.
    const top = quotient * (byHigh >>> 0) + (wide.high >>> 0);
    wide.high = top | 0;
    if (top >= WORD || isBelow(low, high, wide.low, wide.high)) {
      quotient--;
      continue;
    }
    const borrow = low >>> 0 < wide.low >>> 0 ? 1 : 0;
    const restLow = (low - wide.low) | 0;
    const restHigh = (high - wide.high - borrow) | 0;
    if (isBelow(restLow, restHigh, byLow, byHigh)) {
      wide.low = quotient | 0;
      wide.high = 0;
      wide.remainderLow = restLow;
      wide.remainderHigh = restHigh;
      return;
    }
    quotient++;
  }
}

function isBelow(leftLow: number, leftHigh: number, rightLow: number, rightHigh: number): boolean {
  const high = leftHigh >>> 0;
  const otherHigh = rightHigh >>> 0;
  return high < otherHigh || (high === otherHigh && leftLow >>> 0 < rightLow >>> 0);
}
