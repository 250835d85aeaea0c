/* Level-1 interrupts: software, CCOMPARE0, masking by level, INTENABLE and EXCM, nesting, WAITI. Results count no time. */
#include "torture.h"

#define SOFTWARE (1u << 7)
#define TIMER (1u << 6)
#define PERIOD 20000
#define NEVER 100000000

static volatile uint32_t software_count, timer_count, trace, wanted;
/* Cycles from a tick to the next. */
static volatile uint32_t period = PERIOD;

/* In QEMU CCOUNT runs with the wall clock: the moment may have passed before it is written. */
static void timer_in(uint32_t cycles)
{
    uint32_t at;
    do {
        at = READ_SPECIAL(ccount) + cycles;
        WRITE_SPECIAL(ccompare0, at);
    } while ((int32_t)(READ_SPECIAL(ccount) - at) >= 0 && !(READ_SPECIAL(interrupt) & TIMER));
}

void exception(struct frame *frame)
{
    if (frame->cause != 4) {
        trace = trace * 31 + 0x100 + frame->cause;
        frame->epc += 3;
        return;
    }
    uint32_t due = READ_SPECIAL(interrupt) & READ_SPECIAL(intenable);
    if (due & SOFTWARE) {
        WRITE_SPECIAL(intclear, SOFTWARE);
        software_count++;
        trace = trace * 31 + 7;
        if (wanted) {
            /* Due again at once: taken when RFE opens the door. */
            wanted--;
            WRITE_SPECIAL(interrupt, SOFTWARE);
        }
        if (trace % 3 == 0) __asm__ volatile("movi a2, 0x3ffe8001\n _l32i a2, a2, 0" : : : "a2");
    }
    if (due & TIMER) {
        timer_count++;
        timer_in(period);
    }
}

static uint32_t busy(uint32_t rounds)
{
    uint32_t value = 1;
    for (uint32_t i = 0; i < rounds; i++) {
        value = value * 1664525u + 1013904223u;
        __asm__ volatile("" : "+r"(value));
    }
    return value;
}

int main(void)
{
    /* Pending but not enabled, then enabled. */
    WRITE_SPECIAL(interrupt, SOFTWARE);
    result(READ_SPECIAL(interrupt) & SOFTWARE);
    result(software_count);
    WRITE_SPECIAL(intenable, SOFTWARE);
    result(software_count);
    result(READ_SPECIAL(interrupt) & SOFTWARE);
    /* Held back by the level, let in by RSIL and by WSR.PS. */
    uint32_t open = SET_LEVEL(1);
    WRITE_SPECIAL(interrupt, SOFTWARE);
    result(software_count);
    SET_LEVEL(0);
    result(software_count);
    SET_LEVEL(15);
    WRITE_SPECIAL(interrupt, SOFTWARE);
    result(software_count);
    WRITE_SPECIAL(ps, open);
    result(software_count);
    /* Cleared before it could come. */
    SET_LEVEL(1);
    WRITE_SPECIAL(interrupt, SOFTWARE);
    WRITE_SPECIAL(intclear, SOFTWARE);
    WRITE_SPECIAL(ps, open);
    result(software_count);
    /* A chain of them, with faults inside the handler (double exceptions). */
    wanted = 50;
    WRITE_SPECIAL(interrupt, SOFTWARE);
    result(software_count);
    result(trace);
    result(double_record[4]);
    result(double_record[2]);
    /* Only software interrupts can be set. */
    WRITE_SPECIAL(intenable, 0);
    WRITE_SPECIAL(interrupt, 0x3f3f);
    result(READ_SPECIAL(interrupt) & ~TIMER);

    /* The tick interrupts a computation without changing it. */
    uint32_t expected = busy(50000);
    timer_in(PERIOD);
    WRITE_SPECIAL(intenable, TIMER | SOFTWARE);
    uint32_t rounds = 0;
    while (timer_count < 20 && rounds < 100000) {
        if (busy(50000) != expected) result(0xbad);
        rounds++;
    }
    result(timer_count >= 20);
    /* Writing CCOMPARE0 takes the request away. */
    SET_LEVEL(1);
    timer_in(PERIOD);
    while (!(READ_SPECIAL(interrupt) & TIMER)) {
    }
    timer_in(NEVER);
    result(READ_SPECIAL(interrupt) & TIMER);
    timer_count = 0;
    WRITE_SPECIAL(ps, open);
    result(timer_count);
    /* Sleep until the tick: one, however long the host of QEMU has other things to do. */
    period = NEVER;
    for (int i = 0; i < 5; i++) {
        uint32_t before = timer_count;
        SET_LEVEL(1);
        timer_in(2 * PERIOD);
        __asm__ volatile("waiti 0" : : : "memory");
        result(timer_count - before);
    }
    /* CCOUNT can be set. */
    SET_LEVEL(15);
    WRITE_SPECIAL(ccount, 0);
    uint32_t first = READ_SPECIAL(ccount);
    uint32_t second = READ_SPECIAL(ccount);
    result(second > first);
    WRITE_SPECIAL(ccount, 0xf0000000);
    result(READ_SPECIAL(ccount) >= 0xf0000000);
    WRITE_SPECIAL(intenable, 0);
    result(busy(1000));
    return 0;
}
