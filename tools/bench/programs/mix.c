/* Copies of many lengths and alignments with a software interrupt after each: memory and exception entry. */
#include "../../torture/programs/torture.h"

#define ROUNDS 60000

static uint8_t from[2048], to[2048];
static volatile uint32_t interrupts;

void exception(struct frame *frame)
{
    (void)frame;
    WRITE_SPECIAL(intclear, 1u << 7);
    interrupts++;
}

static void copy(uint8_t *out, const uint8_t *in, size_t length)
{
    if ((((uintptr_t)out | (uintptr_t)in) & 3) == 0) {
        for (; length >= 16; length -= 16, out += 16, in += 16) {
            uint32_t *o = (uint32_t *)out;
            const uint32_t *i = (const uint32_t *)in;
            o[0] = i[0];
            o[1] = i[1];
            o[2] = i[2];
            o[3] = i[3];
        }
    }
    while (length--) *out++ = *in++;
}

int main(void)
{
    for (size_t i = 0; i < sizeof from; i++) from[i] = (uint8_t)random_word();
    WRITE_SPECIAL(intenable, 1u << 7);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t dice = random_word();
        uint32_t place = round & 1 ? dice & 0x1fc : dice & 0x1ff;
        copy(to + ((dice >> 12) & (round & 1 ? 0x1fc : 0x1ff)), from + place, (dice >> 22) + 1);
        WRITE_SPECIAL(interrupt, 1u << 7);
    }
    uint32_t sum = interrupts;
    for (size_t i = 0; i < sizeof to; i++) sum = sum * 31 + to[i];
    result(sum);
    return 0;
}
