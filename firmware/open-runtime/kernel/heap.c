/* SPDX-License-Identifier: MIT */
/*
 * The heap: what DRAM has left, in two pieces around the boot ROM's last variables. Free blocks form one list by address, the
 * first that fits is taken, neighbours are joined at once. A block has 8 bytes before it; `size_bytes` counts them.
 */
#include <stdlib.h>
#include <string.h>

#include "esp_system.h"
#include "kernel.h"
#include "kernel/memory_map.h"

#define ALIGNMENT 8u
/* What is not worth splitting off. */
#define SMALLEST_BYTES 16u
#define USED_MARK 0x5ca1ab1eu

typedef struct block {
    uint32_t size_bytes;
    union {
        struct block *next; /* free */
        uint32_t mark;      /* used */
    } u;
} block_t;

extern uint8_t _heap_start[];

static block_t s_free; /* head of the list, of size 0 */
static uint32_t s_free_bytes;
static uint32_t s_lowest_bytes;

static uint32_t aligned(uint32_t bytes)
{
    return (bytes + ALIGNMENT - 1u) & ~(ALIGNMENT - 1u);
}

static bool touch(const block_t *lower, const block_t *higher)
{
    return (const uint8_t *)lower + lower->size_bytes == (const uint8_t *)higher;
}

/* Locked. Puts a block into the list and joins it with its neighbours. */
static void IRAM_ATTR insert(block_t *block)
{
    block_t *before = &s_free;
    while (before->u.next != NULL && before->u.next < block) {
        before = before->u.next;
    }
    s_free_bytes += block->size_bytes;
    block->u.next = before->u.next;
    if (block->u.next != NULL && touch(block, block->u.next)) {
        block->size_bytes += block->u.next->size_bytes;
        block->u.next = block->u.next->u.next;
    }
    if (before != &s_free && touch(before, block)) {
        before->size_bytes += block->size_bytes;
        before->u.next = block->u.next;
    } else {
        before->u.next = block;
    }
}

/* Locked. Gives the end of a used block back when it is worth it. */
static void IRAM_ATTR trim(block_t *block, uint32_t size_bytes)
{
    if (block->size_bytes - size_bytes >= SMALLEST_BYTES) {
        block_t *rest = (block_t *)(void *)((uint8_t *)block + size_bytes);
        rest->size_bytes = block->size_bytes - size_bytes;
        block->size_bytes = size_bytes;
        insert(rest);
    }
}

static void note_lowest(void)
{
    if (s_free_bytes < s_lowest_bytes) {
        s_lowest_bytes = s_free_bytes;
    }
}

void *IRAM_ATTR malloc(size_t size)
{
    if (size == 0 || size > 0x18000u) {
        return NULL;
    }
    uint32_t size_bytes = aligned((uint32_t)size + sizeof(block_t));
    uint32_t ps = kernel_lock();
    block_t *before = &s_free;
    while (before->u.next != NULL && before->u.next->size_bytes < size_bytes) {
        before = before->u.next;
    }
    block_t *block = before->u.next;
    if (block != NULL) {
        before->u.next = block->u.next;
        s_free_bytes -= block->size_bytes;
        block->u.mark = USED_MARK;
        trim(block, size_bytes);
        note_lowest();
    }
    kernel_unlock(ps);
    return block != NULL ? block + 1 : NULL;
}

static block_t *IRAM_ATTR block_of(void *memory)
{
    block_t *block = (block_t *)memory - 1;
    if (((uintptr_t)memory & (ALIGNMENT - 1u)) != 0 || block->u.mark != USED_MARK) {
        kernel_print("heap: 0x%08x is no block, was freed before, or what lies before it was overwritten\n",
                     (unsigned)(uintptr_t)memory);
        abort();
    }
    return block;
}

void IRAM_ATTR free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    uint32_t ps = kernel_lock();
    insert(block_of(memory));
    kernel_unlock(ps);
}

void *calloc(size_t count, size_t size)
{
    if (size != 0 && count > 0x18000u / size) {
        return NULL;
    }
    void *memory = malloc(count * size);
    if (memory != NULL) {
        memset(memory, 0, count * size);
    }
    return memory;
}

/* Locked. Takes the free block behind a used one when that is enough. */
static bool grow(block_t *block, uint32_t size_bytes)
{
    block_t *before = &s_free;
    while (before->u.next != NULL && before->u.next < block) {
        before = before->u.next;
    }
    block_t *behind = before->u.next;
    if (behind == NULL || !touch(block, behind) || block->size_bytes + behind->size_bytes < size_bytes) {
        return false;
    }
    before->u.next = behind->u.next;
    s_free_bytes -= behind->size_bytes;
    block->size_bytes += behind->size_bytes;
    return true;
}

void *realloc(void *memory, size_t size)
{
    if (memory == NULL) {
        return malloc(size);
    }
    if (size == 0) {
        free(memory);
        return NULL;
    }
    if (size > 0x18000u) {
        return NULL;
    }
    uint32_t size_bytes = aligned((uint32_t)size + sizeof(block_t));
    uint32_t ps = kernel_lock();
    block_t *block = block_of(memory);
    bool is_done = block->size_bytes >= size_bytes || grow(block, size_bytes);
    if (is_done) {
        trim(block, size_bytes);
        note_lowest();
    }
    kernel_unlock(ps);
    if (is_done) {
        return memory;
    }
    void *moved = malloc(size);
    if (moved != NULL) {
        memcpy(moved, memory, block->size_bytes - sizeof(block_t));
        free(memory);
    }
    return moved;
}

static void add(uintptr_t start, uintptr_t end)
{
    block_t *block = (block_t *)((start + ALIGNMENT - 1u) & ~(uintptr_t)(ALIGNMENT - 1u));
    block->size_bytes = (uint32_t)(end - (uintptr_t)block) & ~(ALIGNMENT - 1u);
    insert(block);
}

void kernel_heap_init(void)
{
    add((uintptr_t)_heap_start, ROM_VARIABLES);
    add(ROM_VARIABLES_END, NMI_STACK_BASE);
    s_lowest_bytes = s_free_bytes;
}

uint32_t esp_get_free_heap_size(void)
{
    return s_free_bytes;
}

uint32_t esp_get_minimum_free_heap_size(void)
{
    return s_lowest_bytes;
}

void *pvPortMalloc(size_t size)
{
    return malloc(size);
}

void vPortFree(void *block)
{
    free(block);
}

size_t xPortGetFreeHeapSize(void)
{
    return s_free_bytes;
}

size_t xPortGetMinimumEverFreeHeapSize(void)
{
    return s_lowest_bytes;
}
