/* 64-bit integers: additions with carry in C, multiplication, division and shifts through the library. */
#include "torture.h"

static uint64_t operand(void)
{
    uint64_t value = (uint64_t)random_word() << 32 | random_word();
    switch (random_word() % 5) {
    case 0: return value >> (random_word() & 63);
    case 1: return (uint64_t)((int64_t)value >> (random_word() & 63));
    case 2: return (uint64_t)1 << (random_word() & 63);
    case 3: return ((uint64_t)1 << (random_word() & 63)) - 1;
    default: return value;
    }
}

int main(void)
{
    for (int i = 0; i < 160; i++) {
        uint64_t a = operand(), b = operand();
        unsigned turn = random_word() & 63;
        if (b == 0) b = 3;
        result64(a + b);
        result64(a - b);
        result64(a * b);
        result64(a / b);
        result64(a % b);
        if (!((int64_t)a == INT64_MIN && (int64_t)b == -1)) {
            result64((uint64_t)((int64_t)a / (int64_t)b));
            result64((uint64_t)((int64_t)a % (int64_t)b));
        }
        result64(a << turn);
        result64(a >> turn);
        result64((uint64_t)((int64_t)a >> turn));
        uint32_t c = (uint32_t)a, d = (uint32_t)(b >> 7) | 1;
        result(c / d);
        result(c % d);
        result((uint32_t)((int32_t)c / (int32_t)(d >> 1 | 1)));
        result((uint32_t)((int32_t)c % (int32_t)(d >> 1 | 1)));
        result64((uint64_t)c * d);
        result64((uint64_t)((int64_t)(int32_t)c * (int32_t)d));
        result((uint32_t)(a > b) | (uint32_t)((int64_t)a > (int64_t)b) << 1 | (uint32_t)(a == b) << 2);
        result((uint32_t)((int16_t)c * (int16_t)d) ^ (uint32_t)((uint16_t)c * (uint16_t)d));
        result((uint32_t)__builtin_clz(c | 1) | (uint32_t)__builtin_ctz(d) << 8 | (uint32_t)__builtin_ffs((int)c) << 16);
        result(__builtin_bswap32(c));
    }
    return 0;
}
