/* SPDX-License-Identifier: MIT */
/* Level-1 dispatch, soft interrupts, the NMI's hook. */
#include "kernel.h"
#include "kernel/memory_map.h"
#include "kernel/nmi.h"

#define LEVEL1_INPUTS 14
#define SOFT_HANDLERS 4

volatile bool kernel_in_interrupt;

/* Read by vectors.S: handler, argument. */
typedef struct nmi_hook {
    kernel_nmi_handler_t handler;
    void *argument;
} nmi_hook_t;
extern nmi_hook_t kernel_nmi_hook;
nmi_hook_t kernel_nmi_hook;

static struct {
    _xt_isr handler;
    void *argument;
} s_handlers[LEVEL1_INPUTS];

static struct {
    kernel_soft_handler_t handler;
    void *argument;
    volatile uint32_t is_raised;
} s_soft[SOFT_HANDLERS];

frame_t *kernel_select(frame_t *frame);
frame_t *kernel_dispatch(frame_t *frame);
const frame_t *kernel_interrupted;

static void IRAM_ATTR run_soft(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < SOFT_HANDLERS; i++) {
        if (s_soft[i].is_raised != 0) {
            s_soft[i].is_raised = 0;
            s_soft[i].handler(s_soft[i].argument);
        }
    }
}

/* From vectors.S, level 1 masked, on the interrupt stack. Answers the frame to go on with. */
frame_t *IRAM_ATTR kernel_dispatch(frame_t *frame)
{
    kernel_in_interrupt = true;
    kernel_interrupted = frame;
    for (;;) {
        uint32_t pending;
        uint32_t enabled;
        __asm__ volatile("rsr %0, interrupt" : "=a"(pending));
        __asm__ volatile("rsr %0, intenable" : "=a"(enabled));
        pending &= enabled;
        if (pending == 0) {
            break;
        }
        /* The lowest one; cleared before it is served, so that what comes meanwhile is seen. */
        uint32_t bit = pending & (0u - pending);
        __asm__ volatile("wsr %0, intclear" : : "a"(bit));
        uint32_t number = 31u - (uint32_t)__builtin_clz(bit);
        if (number < LEVEL1_INPUTS && s_handlers[number].handler != NULL) {
            s_handlers[number].handler(s_handlers[number].argument);
        } else {
            /* A level that nobody serves would come for ever. */
            (void)_xt_isr_mask(bit);
        }
    }
    kernel_in_interrupt = false;
    return kernel_select(frame);
}

void _xt_isr_attach(uint8_t number, _xt_isr handler, void *argument)
{
    uint32_t ps = kernel_lock();
    s_handlers[number].argument = argument;
    s_handlers[number].handler = handler;
    kernel_unlock(ps);
}

static uint32_t IRAM_ATTR change_enable(uint32_t clear, uint32_t set)
{
    uint32_t before;
    uint32_t ps = kernel_lock();
    __asm__ volatile("rsr %0, intenable" : "=a"(before));
    __asm__ volatile("wsr %0, intenable\n\trsync" : : "a"((before & ~clear) | set));
    kernel_unlock(ps);
    return before;
}

uint32_t IRAM_ATTR _xt_isr_unmask(uint32_t mask)
{
    return change_enable(0, mask);
}

uint32_t IRAM_ATTR _xt_isr_mask(uint32_t mask)
{
    return change_enable(mask, 0);
}

BaseType_t IRAM_ATTR xPortInIsrContext(void)
{
    return kernel_in_interrupt ? pdTRUE : pdFALSE;
}

static void IRAM_ATTR ignore_nmi(void *argument)
{
    (void)argument;
}

void esp_nmi_set_handler(kernel_nmi_handler_t handler, void *argument)
{
    /* The NMI cannot be masked: between the two stores nobody of value may be called. */
    kernel_nmi_hook.handler = ignore_nmi;
    __asm__ volatile("memw");
    kernel_nmi_hook.argument = argument;
    __asm__ volatile("memw");
    kernel_nmi_hook.handler = handler != NULL ? handler : ignore_nmi;
}

int kernel_soft_interrupt(kernel_soft_handler_t handler, void *argument)
{
    int number = -1;
    uint32_t ps = kernel_lock();
    for (int i = 0; i < SOFT_HANDLERS && number < 0; i++) {
        if (s_soft[i].handler == NULL) {
            s_soft[i].argument = argument;
            s_soft[i].handler = handler;
            number = i;
        }
    }
    kernel_unlock(ps);
    return number;
}

void IRAM_ATTR kernel_soft_interrupt_raise(int number)
{
    s_soft[number].is_raised = 1;
    __asm__ volatile("wsr %0, intset\n\trsync" : : "a"(1u << INTERRUPT_SOFT) : "memory");
}

void kernel_interrupts_init(void)
{
    /* So that it can be seen how far both stacks are used; on one of them this runs. */
    uint32_t sp;
    __asm__ volatile("mov %0, a1" : "=a"(sp));
    for (uint32_t *word = (uint32_t *)NMI_STACK_BASE; word < (uint32_t *)(uintptr_t)(sp - 256u); word++) {
        *word = STACK_FILL * 0x01010101u;
    }
    esp_nmi_set_handler(NULL, NULL);
    __asm__ volatile("wsr %0, intclear" : : "a"(0xffffffffu));
    _xt_isr_attach(INTERRUPT_SOFT, run_soft, NULL);
    (void)_xt_isr_unmask(1u << INTERRUPT_SOFT);
}
