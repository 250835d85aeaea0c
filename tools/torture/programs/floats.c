/* Single and double precision through the library. Operands are finite; a NaN counts as a NaN, whatever its payload. */
#include "torture.h"

union wide { uint64_t bits; double value; };
union narrow { uint32_t bits; float value; };

static double operand(void)
{
    union wide w;
    uint32_t kind = random_word() % 8;
    uint32_t exponent = kind == 0 ? 1 + random_word() % 2046 : 1023 - 40 + random_word() % 80;
    w.bits = ((uint64_t)random_word() << 32 | random_word()) & 0x800fffffffffffffull;
    if (kind == 1) w.bits &= 0xfffffff000000000ull;
    w.bits |= (uint64_t)exponent << 52;
    if (kind == 2) w.value = (double)(int32_t)(random_word() >> (random_word() & 31));
    return w.value;
}

static float single(void)
{
    union narrow n;
    uint32_t exponent = random_word() % 8 == 0 ? 1 + random_word() % 254 : 127 - 20 + random_word() % 40;
    n.bits = (random_word() & 0x807fffff) | exponent << 23;
    return n.value;
}

/* Results below the normal range are left out: the boot ROM's functions were measured on normal numbers only. */
static void keep(double value)
{
    union wide w = {.value = value};
    uint32_t exponent = (uint32_t)(w.bits >> 52) & 0x7ff;
    if (exponent == 0x7ff && (w.bits << 12) != 0) result(0x7ff80000);
    else if (exponent != 0 || (w.bits << 1) == 0) result64(w.bits);
}

static void keep_single(float value)
{
    union narrow n = {.value = value};
    uint32_t exponent = (n.bits >> 23) & 0xff;
    if (exponent == 0xff && (n.bits << 9) != 0) result(0x7fc00000);
    else if (exponent != 0 || (n.bits << 1) == 0) result(n.bits);
}

int main(void)
{
    for (int i = 0; i < 250; i++) {
        volatile double a = operand(), b = operand();
        volatile float c = single(), d = single();
        keep(a + b);
        keep(a - b);
        keep(a * b);
        keep(a / b);
        keep_single(c + d);
        keep_single(c - d);
        keep_single(c * d);
        keep((double)c);
        if (a < 1e30 && a > -1e30 && (a > 1e-30 || a < -1e-30)) keep_single((float)a);
        if (a < 2e9 && a > -2e9) result((uint32_t)(int32_t)a);
        if (a < 4e9 && a >= 0) result((uint32_t)a);
        if (c < 4e9f && c >= 0) result((uint32_t)c);
        keep((double)(int32_t)random_word());
        keep((double)random_word());
        keep_single((float)(int32_t)random_word());
        keep_single((float)random_word());
        result((uint32_t)(a < b) | (uint32_t)(a <= b) << 1 | (uint32_t)(a == b) << 2 | (uint32_t)(c > d) << 3);
    }
    /* A series that lives on rounding: e by 1/n!, a logistic map. */
    volatile double sum = 1, term = 1;
    for (int n = 1; n < 20; n++) keep(sum += term /= n);
    volatile double x = 0.3;
    for (int n = 0; n < 60; n++) keep(x = 3.9 * x * (1 - x));
    return 0;
}
