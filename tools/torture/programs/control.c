/* Control flow: recursion, switch tables, setjmp across frames, bit fields, structures by value, code made at run time. */
#include "torture.h"

struct point {
    int32_t x, y;
    int8_t tag;
    uint32_t low : 5, middle : 11, high : 16;
};

static struct point turn(struct point p, int by)
{
    struct point q = {p.y - by, -p.x, (int8_t)(p.tag * 3 + by), p.high & 31, p.low * 7u, p.middle};
    return q;
}

static uint32_t ackermann(uint32_t m, uint32_t n)
{
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

static void hanoi(int n, int from, int to, uint32_t *hash)
{
    if (n == 0) return;
    hanoi(n - 1, from, 6 - from - to, hash);
    *hash = *hash * 31 + (uint32_t)(from * 4 + to);
    hanoi(n - 1, 6 - from - to, to, hash);
}

static uint32_t machine(const uint8_t *code, uint32_t value)
{
    for (;;) {
        switch (*code++) {
        case 0: return value;
        case 1: value += *code++; break;
        case 2: value ^= value << 3; break;
        case 3: value = value >> 5 | value << 27; break;
        case 4: if (value & 1) code++; break;
        case 5: value *= 0x9e3779b1u; break;
        case 6: value = ~value; break;
        case 7: value -= *code++ << 8; break;
        case 8: value = (uint32_t)((int32_t)value >> 2); break;
        case 9: value = (uint32_t)(int8_t)value; break;
        case 10: value = (uint32_t)(int16_t)value; break;
        default: value += 0x1000; break;
        }
    }
}

static jump_t outer;

static int dive(int depth, int value)
{
    volatile int local = depth * value;
    if (depth == 0 && value != 0) jump_back(outer, value);
    if (depth <= 0) return local;
    int below = dive(depth - 1, value + 1);
    return below + local;
}

/* addi a2, a2, N; ret.n, at any byte of the buffer; rewritten in place again and again. */
static uint32_t made_code(int place, int addend)
{
    static uint32_t room[8] __attribute__((section(".iram.room"), aligned(4)));
    const uint8_t code[] = {0x22, 0xc2, (uint8_t)addend, 0x0d, 0xf0};
    uint8_t bytes[32] = {0};
    __builtin_memcpy(bytes + place, code, sizeof code);
    for (int i = 0; i < 8; i++) {
        uint32_t word;
        __builtin_memcpy(&word, bytes + 4 * i, 4);
        ((volatile uint32_t *)room)[i] = word;
    }
    __asm__ volatile("isync" : : : "memory");
    uint32_t (*run)(uint32_t) = (uint32_t(*)(uint32_t))((uintptr_t)room + (unsigned)place);
    return run(1000);
}

int main(void)
{
    struct point p = {100, -7, 5, 21, 1033, 60000};
    for (int i = 0; i < 100; i++) {
        p = turn(p, i);
        result((uint32_t)p.x ^ (uint32_t)p.y << 8 ^ (uint32_t)p.tag << 16);
        result(p.low | p.middle << 8 | (uint32_t)p.high << 16);
    }
    result(ackermann(2, 9));
    uint32_t hash = 1;
    hanoi(9, 1, 3, &hash);
    result(hash);
    uint8_t code[64];
    for (int i = 0; i < 60; i++) {
        for (int j = 0; j < 63; j++) code[j] = (uint8_t)(1 + random_word() % 12);
        for (int j = 50; j < 64; j++) code[j] = 0;
        result(machine(code, random_word()));
    }
    for (volatile int i = 1; i < 20; i++) {
        int back = save_point(outer);
        if (back == 0) dive(i, 3);
        result((uint32_t)back);
    }
    if (save_point(outer) == 0) jump_back(outer, 0);
    result(77);
    for (int place = 0; place < 20; place++)
        for (int addend = -3; addend < 3; addend++) result(made_code(place, addend * 40));
    return 0;
}
