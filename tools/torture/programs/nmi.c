/*
 * The board alone: the runner raises input 14 again and again while this computes. The handler uses every register,
 * and the computation must not notice.
 */
#include "torture.h"

volatile uint32_t nmi_count;
static volatile uint32_t level_wrong, depth, nested;

void nmi(struct frame *frame)
{
    nmi_count++;
    if (depth++ != 0) nested++;
    if ((READ_SPECIAL(ps) & 0xf) != 3) level_wrong++;
    uint64_t product = (uint64_t)frame->epc * (frame->a[2] | 1) / (frame->a[3] | 1);
    __asm__ volatile("" : : "r"((uint32_t)product), "r"((uint32_t)(product >> 32)));
    depth--;
}

static volatile uint32_t ticks;

void exception(struct frame *frame)
{
    (void)frame;
    WRITE_SPECIAL(intclear, 1u << 7);
    ticks++;
}

int main(void)
{
    WRITE_SPECIAL(intenable, 1u << 7);
    uint64_t sum = 0;
    for (uint32_t i = 1; i < 6000; i++) {
        sum = sum * 6364136223846793005ull + i;
        sum ^= sum / (i | 1);
        if (i % 16 == 0) WRITE_SPECIAL(interrupt, 1u << 7);
        if (i % 64 == 0) {
            /* Even with everything masked. */
            uint32_t ps = SET_LEVEL(15);
            sum += random_word();
            WRITE_SPECIAL(ps, ps);
        }
    }
    result64(sum);
    result(ticks);
    result(level_wrong);
    result(nested);
    return 0;
}
