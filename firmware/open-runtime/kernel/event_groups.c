/* SPDX-License-Identifier: MIT */
/* Event groups: bits that tasks wait for. */
#include "freertos/event_groups.h"

#include <stdlib.h>

#include "kernel.h"

typedef struct EventGroupDef_t {
    EventBits_t bits;
    node_t waiters;
} group_t;

EventGroupHandle_t xEventGroupCreate(void)
{
    group_t *group = calloc(1, sizeof(*group));
    if (group != NULL) {
        list_init(&group->waiters);
    }
    return group;
}

void vEventGroupDelete(EventGroupHandle_t group)
{
    uint32_t ps = kernel_lock();
    while (kernel_wake_first(&group->waiters) != NULL) {
    }
    kernel_unlock(ps);
    free(group);
}

static bool is_met(EventBits_t present, EventBits_t wanted, bool is_all)
{
    return is_all ? (present & wanted) == wanted : (present & wanted) != 0;
}

EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, EventBits_t bits, BaseType_t clear_on_exit, BaseType_t is_all,
                                TickType_t ticks)
{
    task_t *task = kernel_current;
    if (ticks != 0) {
        kernel_check_may_wait();
    }
    uint32_t ps = kernel_lock();
    EventBits_t present = group->bits;
    if (is_met(present, bits, is_all != pdFALSE)) {
        if (clear_on_exit != pdFALSE) {
            group->bits &= ~bits;
        }
    } else if (ticks != 0) {
        task->wait_bits = bits;
        task->wait_for_all = is_all != pdFALSE;
        task->wait_clears = clear_on_exit != pdFALSE;
        kernel_block(&group->waiters, ticks);
        kernel_unlock(ps);
        (void)kernel_lock();
        /* Whoever has set the bits has left them here, as they were; `group` may be gone. */
        present = task->wait_result == WAIT_WOKEN ? task->wait_bits : group->bits;
    }
    kernel_unlock(ps);
    return present;
}

EventBits_t xEventGroupSetBits(EventGroupHandle_t group, EventBits_t bits)
{
    EventBits_t to_clear = 0;
    uint32_t ps = kernel_lock();
    group->bits |= bits;
    node_t *node = group->waiters.next;
    while (node != &group->waiters) {
        task_t *task = node->task;
        node = node->next;
        if (is_met(group->bits, task->wait_bits, task->wait_for_all != 0)) {
            to_clear |= task->wait_clears != 0 ? task->wait_bits : 0;
            task->wait_bits = group->bits;
            kernel_wake(task, WAIT_WOKEN);
        }
    }
    group->bits &= ~to_clear;
    EventBits_t result = group->bits;
    kernel_unlock(ps);
    return result;
}

BaseType_t xEventGroupSetBitsFromISR(EventGroupHandle_t group, EventBits_t bits, BaseType_t *is_woken)
{
    (void)is_woken;
    (void)xEventGroupSetBits(group, bits);
    return pdPASS;
}

EventBits_t xEventGroupClearBits(EventGroupHandle_t group, EventBits_t bits)
{
    uint32_t ps = kernel_lock();
    EventBits_t before = group->bits;
    group->bits &= ~bits;
    kernel_unlock(ps);
    return before;
}
