/* SPDX-License-Identifier: MIT */
/*
 * Who runs: the first task of the highest priority that has one. Tasks of the same priority take turns at every tick and at
 * taskYIELD(). A switch happens in one place only, at the end of the interrupt dispatcher; who wants one raises the
 * soft interrupt, which waits as long as level 1 is masked.
 */
#include "kernel.h"

#include <errno.h>

#define SOFT_BIT (1u << INTERRUPT_SOFT)

task_t *kernel_current;
volatile TickType_t kernel_ticks;
bool kernel_is_running;
volatile uint32_t kernel_suspend_depth;

static node_t s_ready[configMAX_PRIORITIES];
static uint32_t s_ready_bits;
static node_t s_delayed; /* by wake_at */
static bool s_is_rotation_due;

frame_t *kernel_select(frame_t *frame);

void kernel_scheduler_init(void)
{
    for (uint32_t i = 0; i < configMAX_PRIORITIES; i++) {
        list_init(&s_ready[i]);
    }
    list_init(&s_delayed);
}

void IRAM_ATTR kernel_request_switch(void)
{
    __asm__ volatile("wsr %0, intset\n\trsync" : : "a"(SOFT_BIT) : "memory");
}

void IRAM_ATTR kernel_make_ready(task_t *task)
{
    task->state = TASK_READY;
    node_insert_before(&s_ready[task->priority], &task->ready);
    s_ready_bits |= 1u << task->priority;
    if (kernel_current != NULL && task->priority > kernel_current->priority) {
        kernel_request_switch();
    }
}

void IRAM_ATTR kernel_unready(task_t *task)
{
    if (!node_is_linked(&task->ready)) {
        return;
    }
    node_remove(&task->ready);
    if (list_is_empty(&s_ready[task->priority])) {
        s_ready_bits &= ~(1u << task->priority);
    }
    if (task == kernel_current) {
        kernel_request_switch();
    }
}

/* By priority; behind those of the same. */
static void IRAM_ATTR insert_waiter(node_t *list, task_t *task)
{
    node_t *place = list->next;
    while (place != list && place->task->priority >= task->priority) {
        place = place->next;
    }
    node_insert_before(place, &task->wait);
}

static void IRAM_ATTR insert_delayed(task_t *task)
{
    node_t *place = s_delayed.next;
    while (place != &s_delayed && (int32_t)(place->task->wake_at - task->wake_at) <= 0) {
        place = place->next;
    }
    node_insert_before(place, &task->delay);
}

void IRAM_ATTR kernel_block(node_t *list, TickType_t ticks)
{
    task_t *task = kernel_current;
    kernel_unready(task);
    task->state = list == NULL && ticks == portMAX_DELAY ? TASK_SUSPENDED : TASK_BLOCKED;
    task->wait_result = WAIT_TIMED_OUT;
    if (list != NULL) {
        insert_waiter(list, task);
    }
    if (ticks != portMAX_DELAY) {
        /* More than half of the counter could not be told from the past. */
        task->wake_at = kernel_ticks + (ticks > 0x7fffffffu ? 0x7fffffffu : ticks);
        insert_delayed(task);
    }
}

void IRAM_ATTR kernel_wake(task_t *task, wait_result_t result)
{
    if (node_is_linked(&task->wait)) {
        node_remove(&task->wait);
    }
    if (node_is_linked(&task->delay)) {
        node_remove(&task->delay);
    }
    task->wait_result = (uint8_t)result;
    kernel_make_ready(task);
}

task_t *IRAM_ATTR kernel_wake_first(node_t *list)
{
    if (list_is_empty(list)) {
        return NULL;
    }
    task_t *task = list->next->task;
    kernel_wake(task, WAIT_WOKEN);
    return task;
}

/* The ring that a node is in can be entered at any place, but its head cannot be told from the outside: by `task`. */
static node_t *IRAM_ATTR list_of(node_t *node)
{
    while (node->task != NULL) {
        node = node->next;
    }
    return node;
}

void IRAM_ATTR kernel_set_priority(task_t *task, uint8_t priority)
{
    if (task->priority == priority) {
        return;
    }
    if (node_is_linked(&task->ready)) {
        node_remove(&task->ready);
        if (list_is_empty(&s_ready[task->priority])) {
            s_ready_bits &= ~(1u << task->priority);
        }
        task->priority = priority;
        node_insert_before(task == kernel_current ? s_ready[priority].next : &s_ready[priority], &task->ready);
        s_ready_bits |= 1u << priority;
        kernel_request_switch();
        return;
    }
    task->priority = priority;
    if (node_is_linked(&task->wait)) {
        node_t *list = list_of(&task->wait);
        node_remove(&task->wait);
        insert_waiter(list, task);
    }
}

void IRAM_ATTR kernel_check_may_wait(void)
{
    uint32_t ps;
    __asm__ volatile("rsr %0, ps" : "=a"(ps));
    if ((ps & 0xf) != 0 || kernel_in_interrupt || kernel_suspend_depth != 0 || !kernel_is_running) {
        kernel_print("a task waits in an interrupt, in a critical section or with the scheduler suspended\n");
        __asm__ volatile("ill");
    }
}

/* Once a tick, in the tick's interrupt. */
void IRAM_ATTR kernel_tick(void)
{
    kernel_ticks++;
    while (!list_is_empty(&s_delayed) && (int32_t)(s_delayed.next->task->wake_at - kernel_ticks) <= 0) {
        kernel_wake(s_delayed.next->task, WAIT_TIMED_OUT);
    }
    s_is_rotation_due = true;
}

void IRAM_ATTR vPortYield(void)
{
    uint32_t ps = kernel_lock();
    s_is_rotation_due = true;
    kernel_request_switch();
    kernel_unlock(ps);
}

/* The frame lies within, and the last four words are as they were at the start: what was beyond them may have been
 * overwritten and left again. */
static inline void check_stack(const task_t *task)
{
    const uint32_t *end = (const uint32_t *)(const void *)task->stack;
    const uint32_t untouched = STACK_FILL * 0x01010101u;
    if ((const uint8_t *)task->sp < task->stack || ((end[0] ^ untouched) | (end[1] ^ untouched) | (end[2] ^ untouched) |
                                                     (end[3] ^ untouched)) != 0) {
        kernel_stack_overflow(task->name);
    }
}

/* At the end of the dispatcher: whom to go on with. */
frame_t *IRAM_ATTR kernel_select(frame_t *frame)
{
    task_t *from = kernel_current;
    from->sp = frame;
    if (kernel_suspend_depth != 0) {
        return frame;
    }
    node_t *list = &s_ready[31 - __builtin_clz(s_ready_bits)];
    if (s_is_rotation_due) {
        s_is_rotation_due = false;
        if (list->next == &from->ready) {
            node_remove(&from->ready);
            node_insert_before(list, &from->ready);
        }
    }
    task_t *to = list->next->task;
    if (to != from) {
        check_stack(from);
        from->errno_value = errno;
        errno = to->errno_value;
        kernel_current = to;
    }
    return to->sp;
}

void kernel_start(void)
{
    kernel_current = s_ready[31 - __builtin_clz(s_ready_bits)].next->task;
    kernel_is_running = true;
    kernel_clock_start_ticks();
    kernel_resume(kernel_current->sp);
}

void vTaskSuspendAll(void)
{
    uint32_t ps = kernel_lock();
    kernel_suspend_depth++;
    kernel_unlock(ps);
}

BaseType_t xTaskResumeAll(void)
{
    uint32_t ps = kernel_lock();
    kernel_suspend_depth--;
    if (kernel_suspend_depth == 0) {
        kernel_request_switch();
    }
    kernel_unlock(ps);
    return pdFALSE;
}

BaseType_t xTaskGetSchedulerState(void)
{
    if (!kernel_is_running) {
        return taskSCHEDULER_NOT_STARTED;
    }
    return kernel_suspend_depth != 0 ? taskSCHEDULER_SUSPENDED : taskSCHEDULER_RUNNING;
}

static uint32_t s_critical_depth;
static uint32_t s_critical_ps;

/* One counter for all: while it is not 0 nobody else runs. */
void IRAM_ATTR vPortEnterCritical(void)
{
    uint32_t ps = kernel_lock();
    if (s_critical_depth == 0) {
        s_critical_ps = ps;
    }
    s_critical_depth++;
}

void IRAM_ATTR vPortExitCritical(void)
{
    s_critical_depth--;
    if (s_critical_depth == 0) {
        kernel_unlock(s_critical_ps);
    }
}
