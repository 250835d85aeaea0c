#include "torture.h"

#define RESULT_WORDS 2040

volatile uint32_t double_record[5];

/* How many words, then the words. */
static struct {
    uint32_t count;
    uint32_t words[RESULT_WORDS];
} results __attribute__((section(".results"), used));

static uint32_t random_state = 0x2545f491;

void result(uint32_t value)
{
    /* A full table goes on as a running sum, so that nothing is lost. */
    if (results.count < RESULT_WORDS) {
        results.words[results.count++] = value;
    } else {
        uint32_t last = results.words[RESULT_WORDS - 1];
        results.words[RESULT_WORDS - 1] = ((last << 5) | (last >> 27)) ^ value;
    }
}

void result64(uint64_t value)
{
    result((uint32_t)value);
    result((uint32_t)(value >> 32));
}

void seed_random(uint32_t seed)
{
    random_state = seed;
}

uint32_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* An exception that no program expects ends the program with a mark. */
static void unexpected(uint32_t mark, const struct frame *frame)
{
    result(mark);
    result(frame->cause);
    result(frame->epc);
    extern void program_done(void);
    program_done();
}

__attribute__((weak)) void exception(struct frame *frame)
{
    unexpected(0xdead0001, frame);
}

__attribute__((weak)) void debug_exception(struct frame *frame)
{
    unexpected(0xdead0002, frame);
}

__attribute__((weak)) void nmi(struct frame *frame)
{
    unexpected(0xdead0003, frame);
}

#ifndef ROM_FUNCTIONS
/* The compiler calls these for copies and comparisons of structures; on the board the boot ROM has them. */
void *memcpy(void *to, const void *from, size_t length)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    while (length--) {
        *t++ = *f++;
        __asm__ volatile("" : : : "memory");
    }
    return to;
}

void *memset(void *to, int value, size_t length)
{
    uint8_t *t = to;
    while (length--) {
        *t++ = (uint8_t)value;
        __asm__ volatile("" : : : "memory");
    }
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t < f) return memcpy(to, from, length);
    while (length--) {
        t[length] = f[length];
        __asm__ volatile("" : : : "memory");
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t length)
{
    const uint8_t *a = one;
    const uint8_t *b = other;
    for (; length--; a++, b++) {
        if (*a != *b) return *a - *b;
    }
    return 0;
}
#endif
