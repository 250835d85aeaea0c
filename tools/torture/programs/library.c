/*
 * The arithmetic that Debian's libgcc for the lx106 leaves to the boot ROM: division, 64-bit products, IEEE-754
 * arithmetic with rounding to the nearest, ties to even. Linked where there is no boot ROM. Values of float and double
 * travel as their bits; nothing here may use what it implements.
 */
#include "torture.h"

typedef uint32_t u32;
typedef uint64_t u64;

u32 __udivsi3(u32 a, u32 b);
u32 __umodsi3(u32 a, u32 b);
int32_t __divsi3(int32_t a, int32_t b);
u64 __umulsidi3(u32 a, u32 b);
u64 __muldi3(u64 a, u64 b);
u64 __udivdi3(u64 a, u64 b);
u64 __umoddi3(u64 a, u64 b);
int64_t __divdi3(int64_t a, int64_t b);
u64 __adddf3(u64 a, u64 b);
u64 __subdf3(u64 a, u64 b);
u64 __muldf3(u64 a, u64 b);
u64 __divdf3(u64 a, u64 b);
u32 __addsf3(u32 a, u32 b);
u32 __subsf3(u32 a, u32 b);
u32 __mulsf3(u32 a, u32 b);
u32 __truncdfsf2(u64 a);
u64 __extendsfdf2(u32 a);
int32_t __fixdfsi(u64 a);
u32 __fixunsdfsi(u64 a);
u32 __fixunssfsi(u32 a);
u64 __floatsidf(int32_t a);
u64 __floatunsidf(u32 a);
u32 __floatsisf(int32_t a);
u32 __floatunsisf(u32 a);

static u32 divide32(u32 a, u32 b, u32 *rest)
{
    u32 quotient = 0, r = 0;
    for (int i = 31; i >= 0; i--) {
        u32 carry = r >> 31;
        r = r << 1 | ((a >> i) & 1);
        if (carry || r >= b) {
            r -= b;
            quotient |= 1u << i;
        }
    }
    *rest = r;
    return quotient;
}

u32 __udivsi3(u32 a, u32 b)
{
    u32 rest;
    return divide32(a, b, &rest);
}

u32 __umodsi3(u32 a, u32 b)
{
    u32 rest;
    divide32(a, b, &rest);
    return rest;
}

int32_t __divsi3(int32_t a, int32_t b)
{
    u32 quotient = __udivsi3(a < 0 ? -(u32)a : (u32)a, b < 0 ? -(u32)b : (u32)b);
    return (int32_t)((a ^ b) < 0 ? -quotient : quotient);
}

u64 __umulsidi3(u32 a, u32 b)
{
    u32 al = a & 0xffff, ah = a >> 16, bl = b & 0xffff, bh = b >> 16;
    u32 low = al * bl, cross = ah * bl, other = al * bh, high = ah * bh;
    u32 middle = (low >> 16) + (cross & 0xffff) + (other & 0xffff);
    high += (cross >> 16) + (other >> 16) + (middle >> 16);
    return (u64)high << 32 | (middle << 16 | (low & 0xffff));
}

u64 __muldi3(u64 a, u64 b)
{
    u32 high = (u32)(a >> 32) * (u32)b + (u32)a * (u32)(b >> 32);
    return __umulsidi3((u32)a, (u32)b) + ((u64)high << 32);
}

static u64 divide64(u64 a, u64 b, u64 *rest)
{
    u64 quotient = 0, r = 0;
    for (int i = 0; i < 64; i++) {
        u32 carry = (u32)(r >> 63);
        r = r << 1 | a >> 63;
        a <<= 1;
        quotient <<= 1;
        if (carry || r >= b) {
            r -= b;
            quotient |= 1;
        }
    }
    *rest = r;
    return quotient;
}

u64 __udivdi3(u64 a, u64 b)
{
    u64 rest;
    return divide64(a, b, &rest);
}

u64 __umoddi3(u64 a, u64 b)
{
    u64 rest;
    divide64(a, b, &rest);
    return rest;
}

int64_t __divdi3(int64_t a, int64_t b)
{
    u64 quotient = __udivdi3(a < 0 ? -(u64)a : (u64)a, b < 0 ? -(u64)b : (u64)b);
    return (int64_t)((a ^ b) < 0 ? -quotient : quotient);
}

#define SIGN (1ull << 63)
#define INFINITE (0x7ffull << 52)
#define QUIET (0x7ff8ull << 48)

static int is_nan(u64 a)
{
    return (a & ~SIGN) > INFINITE;
}

static int leading(u64 m)
{
    return (u32)(m >> 32) ? __builtin_clz((u32)(m >> 32)) : 32 + __builtin_clz((u32)m);
}

static u64 shift_sticky(u64 m, int by)
{
    if (by <= 0) return m;
    if (by > 62) return m != 0;
    return m >> by | ((m << (64 - by)) != 0);
}

/* Rounds a number whose leading bit is bit 62 and whose biased exponent is given. */
static u64 rounded(u64 sign, int exponent, u64 m)
{
    if (exponent >= 0x7ff) return sign | INFINITE;
    if (exponent <= 0) {
        m = shift_sticky(m, 1 - exponent);
        exponent = 1;
    }
    u32 low = (u32)m & 0x3ff;
    m = (m + 0x200) >> 10;
    if (low == 0x200) m &= ~1ull;
    return sign | (((u64)(u32)(exponent - 1) << 52) + m);
}

/* Mantissa with its leading bit at 62 and the exponent that belongs to it; zero stays zero. */
static u64 opened(u64 a, int *exponent)
{
    u64 m = a & ((1ull << 52) - 1);
    *exponent = (int)(a >> 52) & 0x7ff;
    if (*exponent) return (m | 1ull << 52) << 10;
    if (!m) return 0;
    int by = leading(m) - 1;
    *exponent = 11 - by;
    return m << by;
}

u64 __adddf3(u64 a, u64 b)
{
    if (is_nan(a) || is_nan(b)) return QUIET;
    if ((a & ~SIGN) == INFINITE) return (b & ~SIGN) == INFINITE && a != b ? QUIET : a;
    if ((b & ~SIGN) == INFINITE) return b;
    if ((a & ~SIGN) < (b & ~SIGN)) {
        u64 swap = a;
        a = b;
        b = swap;
    }
    int ea, eb;
    u64 ma = opened(a, &ea), mb = opened(b, &eb), sign = a & SIGN;
    if (!mb) return ma ? a : a & b;
    mb = shift_sticky(mb, ea - eb);
    if ((a ^ b) & SIGN) {
        ma -= mb;
        if (!ma) return 0;
        int by = leading(ma) - 1;
        return rounded(sign, ea - by, ma << by);
    }
    ma += mb;
    if (ma >> 63) return rounded(sign, ea + 1, shift_sticky(ma, 1));
    return rounded(sign, ea, ma);
}

u64 __subdf3(u64 a, u64 b)
{
    return __adddf3(a, is_nan(b) ? b : b ^ SIGN);
}

u64 __muldf3(u64 a, u64 b)
{
    u64 sign = (a ^ b) & SIGN;
    if (is_nan(a) || is_nan(b)) return QUIET;
    int ea, eb;
    u64 ma = opened(a, &ea), mb = opened(b, &eb);
    if ((a & ~SIGN) == INFINITE || (b & ~SIGN) == INFINITE) return ma && mb ? sign | INFINITE : QUIET;
    if (!ma || !mb) return sign;
    mb <<= 1;
    u64 low = __umulsidi3((u32)ma, (u32)mb);
    u64 cross = __umulsidi3((u32)(ma >> 32), (u32)mb) + (low >> 32);
    u64 other = __umulsidi3((u32)ma, (u32)(mb >> 32)) + (u32)cross;
    u64 high = __umulsidi3((u32)(ma >> 32), (u32)(mb >> 32)) + (cross >> 32) + (other >> 32);
    u64 rest = other << 32 | (u32)low;
    int exponent = ea + eb - 1022;
    if (!(high >> 62)) {
        high = high << 1 | rest >> 63;
        rest <<= 1;
        exponent--;
    }
    return rounded(sign, exponent, high | (rest != 0));
}

u64 __divdf3(u64 a, u64 b)
{
    u64 sign = (a ^ b) & SIGN;
    if (is_nan(a) || is_nan(b)) return QUIET;
    int ea, eb;
    u64 ma = opened(a, &ea), mb = opened(b, &eb);
    if ((a & ~SIGN) == INFINITE) return (b & ~SIGN) == INFINITE ? QUIET : sign | INFINITE;
    if ((b & ~SIGN) == INFINITE) return sign;
    if (!mb) return ma ? sign | INFINITE : QUIET;
    if (!ma) return sign;
    int exponent = ea - eb + 1023;
    if (ma < mb) {
        ma <<= 1;
        exponent--;
    }
    u64 quotient = 0;
    for (int i = 0; i < 63; i++) {
        quotient <<= 1;
        if (ma >= mb) {
            ma -= mb;
            quotient |= 1;
        }
        ma <<= 1;
    }
    return rounded(sign, exponent, quotient | (ma != 0));
}

u32 __truncdfsf2(u64 a)
{
    u32 sign = (u32)(a >> 32) & 0x80000000u;
    if (is_nan(a)) return 0x7fc00000u;
    if ((a & ~SIGN) == INFINITE) return sign | 0x7f800000u;
    int exponent;
    u64 m = opened(a, &exponent);
    if (!m) return sign;
    exponent -= 1023 - 127;
    if (exponent >= 255) return sign | 0x7f800000u;
    if (exponent <= 0) {
        m = shift_sticky(m, 1 - exponent);
        exponent = 1;
    }
    /* 24 bits are kept, 39 go. */
    u64 low = m & ((1ull << 39) - 1);
    u32 kept = (u32)(m >> 39);
    if (low > 1ull << 38 || (low == 1ull << 38 && (kept & 1))) kept++;
    return sign | (((u32)(exponent - 1) << 23) + kept);
}

u64 __extendsfdf2(u32 a)
{
    u64 sign = (u64)(a & 0x80000000u) << 32;
    u32 exponent = (a >> 23) & 0xff, m = a & 0x7fffff;
    if (exponent == 255) return m ? QUIET : sign | INFINITE;
    if (exponent) return sign | (u64)(exponent + 896) << 52 | (u64)m << 29;
    if (!m) return sign;
    int by = __builtin_clz(m) - 8;
    return sign | (u64)(u32)(897 - by) << 52 | ((u64)(m << by) & 0x7fffff) << 29;
}

u32 __addsf3(u32 a, u32 b)
{
    return __truncdfsf2(__adddf3(__extendsfdf2(a), __extendsfdf2(b)));
}

u32 __subsf3(u32 a, u32 b)
{
    return __truncdfsf2(__subdf3(__extendsfdf2(a), __extendsfdf2(b)));
}

u32 __mulsf3(u32 a, u32 b)
{
    return __truncdfsf2(__muldf3(__extendsfdf2(a), __extendsfdf2(b)));
}

/* Towards zero; the caller keeps to the range. */
u32 __fixunsdfsi(u64 a)
{
    int exponent = (int)(a >> 52) & 0x7ff;
    if (exponent < 1023) return 0;
    u64 m = (a & ((1ull << 52) - 1)) | 1ull << 52;
    u32 value = (u32)(m >> (1075 - exponent));
    return a & SIGN ? -value : value;
}

int32_t __fixdfsi(u64 a)
{
    return (int32_t)__fixunsdfsi(a);
}

u32 __fixunssfsi(u32 a)
{
    return __fixunsdfsi(__extendsfdf2(a));
}

u64 __floatunsidf(u32 a)
{
    if (!a) return 0;
    int by = __builtin_clz(a);
    return ((u64)(u32)(1023 + 31 - by) << 52) + ((u64)(a << by << 1) << 20);
}

u64 __floatsidf(int32_t a)
{
    return a < 0 ? SIGN | __floatunsidf(-(u32)a) : __floatunsidf((u32)a);
}

u32 __floatunsisf(u32 a)
{
    return __truncdfsf2(__floatunsidf(a));
}

u32 __floatsisf(int32_t a)
{
    return __truncdfsf2(__floatsidf(a));
}
