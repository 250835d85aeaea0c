/* Sorting: comparisons, signed and unsigned, byte strings, function pointers, recursion. */
#include "torture.h"

#define COUNT 400

static uint32_t words[COUNT];
static int16_t halves[COUNT];
static char names[64][12];

static int by_signed(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int by_unsigned(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int by_bits(const void *a, const void *b)
{
    int x = __builtin_popcount(*(const uint32_t *)a), y = __builtin_popcount(*(const uint32_t *)b);
    return x != y ? x - y : by_unsigned(a, b);
}

static void quick(uint32_t *first, uint32_t *last, int (*compare)(const void *, const void *))
{
    while (first < last) {
        uint32_t pivot = first[(last - first) / 2];
        uint32_t *low = first, *high = last;
        while (low <= high) {
            while (compare(low, &pivot) < 0) low++;
            while (compare(high, &pivot) > 0) high--;
            if (low <= high) {
                uint32_t swap = *low;
                *low++ = *high;
                *high-- = swap;
            }
        }
        quick(first, high, compare);
        first = low;
    }
}

static void shell(int16_t *list, int count)
{
    for (int gap = count / 2; gap > 0; gap /= 2) {
        for (int i = gap; i < count; i++) {
            int16_t value = list[i];
            int at = i;
            for (; at >= gap && list[at - gap] > value; at -= gap) list[at] = list[at - gap];
            list[at] = value;
        }
    }
}

static int order(const char *a, const char *b)
{
    while (*a && *a == *b) a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int main(void)
{
    int (*const compares[])(const void *, const void *) = {by_signed, by_unsigned, by_bits};
    for (unsigned kind = 0; kind < 3; kind++) {
        for (int i = 0; i < COUNT; i++) words[i] = random_word() >> (random_word() & 31);
        quick(words, words + COUNT - 1, compares[kind]);
        for (int i = 0; i < COUNT; i += 3) result(words[i]);
    }
    for (int i = 0; i < COUNT; i++) halves[i] = (int16_t)random_word();
    shell(halves, COUNT);
    for (int i = 0; i < COUNT; i += 2) result((uint32_t)(int32_t)halves[i]);
    for (int i = 0; i < 64; i++) {
        unsigned length = 1 + random_word() % 11;
        for (unsigned j = 0; j < length; j++) names[i][j] = (char)(1 + random_word() % 255);
        names[i][length] = 0;
    }
    for (int i = 1; i < 64; i++) {
        for (int j = i; j > 0 && order(names[j - 1], names[j]) > 0; j--) {
            char swap[12];
            __builtin_memcpy(swap, names[j], 12);
            __builtin_memcpy(names[j], names[j - 1], 12);
            __builtin_memcpy(names[j - 1], swap, 12);
        }
    }
    for (int i = 0; i < 64; i++) result((uint32_t)(unsigned char)names[i][0] << 8 | (unsigned char)names[i][1]);
    return 0;
}
