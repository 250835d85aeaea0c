/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

/* What the kernel's files share; nobody else includes it. `locked`: level 1 is masked (kernel_lock). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "freertos/queue.h"
#include "freertos/task.h"
#include "kernel/interrupts.h"
#include "kernel/print.h"

#define TICK_US (1000000u / CONFIG_FREERTOS_HZ)
#define CPU_HZ 80000000u
#define CYCLES_PER_US (CPU_HZ / 1000000u)
#define CYCLES_PER_TICK (CPU_HZ / CONFIG_FREERTOS_HZ)
#define STACK_FILL 0xa5u

#define REG(address) (*(volatile uint32_t *)(address))

/* Registers as vectors.S saves them; the order of the panic printout. */
typedef struct frame {
    uint32_t pc;
    uint32_t ps;
    uint32_t a[16];
    uint32_t sar;
    uint32_t cause;
} frame_t;

/* Doubly linked, with the list's head as one of the ring. Nodes outside of a list have no neighbours. */
typedef struct node {
    struct node *next;
    struct node *previous;
    struct tskTaskControlBlock *task;
} node_t;

typedef enum {
    TASK_READY,
    TASK_BLOCKED,
    TASK_SUSPENDED,
    TASK_DELETED,
} task_state_t;

typedef enum {
    WAIT_TIMED_OUT,
    WAIT_WOKEN,
} wait_result_t;

typedef struct tskTaskControlBlock {
    frame_t *sp; /* where it stopped */
    node_t ready;
    node_t wait;  /* for an object */
    node_t delay; /* for a time */
    node_t all;
    TickType_t wake_at;
    uint8_t state;
    uint8_t priority;
    uint8_t base_priority;
    uint8_t wait_result;
    uint8_t notify_state;
    uint8_t wait_for_all;
    uint8_t wait_clears;
    uint32_t wait_bits;
    uint32_t notify_value;
    struct QueueDefinition *wanted; /* the mutex it waits for */
    struct QueueDefinition *held;   /* mutexes it has, by next_held */
    int errno_value;
    uint32_t stack_bytes;
    uint8_t *stack;
    char name[configMAX_TASK_NAME_LEN];
} task_t;

extern task_t *kernel_current;
extern volatile TickType_t kernel_ticks;
extern bool kernel_is_running;
extern volatile bool kernel_in_interrupt;
extern volatile uint32_t kernel_suspend_depth;

static inline void list_init(node_t *list)
{
    list->next = list;
    list->previous = list;
    list->task = NULL;
}

static inline bool list_is_empty(const node_t *list)
{
    return list->next == list;
}

static inline void node_insert_before(node_t *place, node_t *node)
{
    node->next = place;
    node->previous = place->previous;
    place->previous->next = node;
    place->previous = node;
}

static inline bool node_is_linked(const node_t *node)
{
    return node->next != NULL;
}

static inline void node_remove(node_t *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    node->next = NULL;
    node->previous = NULL;
}

/* scheduler.c; all of them locked, but for the first and the last two */
void kernel_scheduler_init(void);

/* Asks for a look at who is to run, as soon as level 1 is open. */
void kernel_request_switch(void);
/* The caller waits: in `list` by priority unless NULL, and for `ticks` unless portMAX_DELAY. The switch comes when the
 * lock is opened; kernel_current->wait_result then says how it ended. */
void kernel_block(node_t *list, TickType_t ticks);
/* Ends a task's waiting, whatever for. */
void kernel_wake(task_t *task, wait_result_t result);
/* Wakes the first of a wait list; NULL when there is none. */
task_t *kernel_wake_first(node_t *list);
void kernel_set_priority(task_t *task, uint8_t priority);
void kernel_unready(task_t *task);
void kernel_make_ready(task_t *task);
/* Waiting is allowed here; stops the program otherwise. */
void kernel_check_may_wait(void);
void kernel_tick(void);
void kernel_start(void) __attribute__((noreturn));

/* The rest of a time-out that began at `start`. */
static inline TickType_t ticks_left(TickType_t start, TickType_t ticks)
{
    if (ticks == portMAX_DELAY) {
        return ticks;
    }
    TickType_t passed = kernel_ticks - start;
    return passed >= ticks ? 0 : ticks - passed;
}

/* tasks.c */
void kernel_tasks_init(void);
/* queue.c: the priority that its mutexes give a task has changed. */
void kernel_reinherit(task_t *task);
/* A task gives up its wait for a mutex; it has left the list of those who wait. */
void kernel_forget_wanted(task_t *task);
/* heap.c */
void kernel_heap_init(void);
/* interrupts.c */
extern const frame_t *kernel_interrupted; /* what the present interrupt broke into */
void kernel_interrupts_init(void);
/* panic.c */
void kernel_panic(const frame_t *frame, int kind) __attribute__((noreturn));
void kernel_panic_watchdog(const frame_t *frame) __attribute__((noreturn));
void kernel_stack_overflow(const char *task_name) __attribute__((noreturn));
void kernel_abort(void) __attribute__((noreturn));
/* print.c: kernel/print.h */
/* watchdog.c */
void kernel_watchdog_start(void);
void kernel_watchdog_feed(void);
void kernel_watchdog_reset_now(void) __attribute__((noreturn));
/* restart.c */
void kernel_reset_reason_init(void);
void kernel_set_reset_hint(uint32_t hint);
/* clock.c */
void kernel_clock_init(void);
void kernel_clock_start_ticks(void);
void kernel_clock_interrupt(void *argument);
/* vectors.S */
void kernel_resume(frame_t *frame) __attribute__((noreturn));

#endif
