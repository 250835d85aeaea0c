/* What every torture program has: results that end up in the hash, random numbers, traps, interrupts. */
#ifndef TORTURE_H
#define TORTURE_H

#include <stddef.h>
#include <stdint.h>

struct frame {
    uint32_t a[16];
    uint32_t sar, epc, ps, cause, vaddr;
};

/* Filled by the double exception vector: saved a2, DEPC, EXCCAUSE, EXCVADDR, how often. */
extern volatile uint32_t double_record[5];

typedef uint32_t jump_t[6];
int save_point(jump_t where) __attribute__((returns_twice));
void jump_back(jump_t where, int value) __attribute__((noreturn));

/* Handlers; a program overrides those it needs. */
void exception(struct frame *frame);
void debug_exception(struct frame *frame);
void nmi(struct frame *frame);

/* Adds a word to the results. */
void result(uint32_t value);
void result64(uint64_t value);

/* xorshift32: the same numbers everywhere. */
uint32_t random_word(void);
void seed_random(uint32_t seed);

#define READ_SPECIAL(name)                                       \
    ({                                                           \
        uint32_t value_;                                         \
        __asm__ volatile("rsr %0, " #name : "=a"(value_));       \
        value_;                                                  \
    })
#define WRITE_SPECIAL(name, value) \
    __asm__ volatile("wsr %0, " #name "\n rsync" : : "a"((uint32_t)(value)) : "memory")
#define SET_LEVEL(level)                                                  \
    ({                                                                    \
        uint32_t ps_;                                                     \
        __asm__ volatile("rsil %0, " #level : "=a"(ps_) : : "memory");    \
        ps_;                                                              \
    })

#endif
