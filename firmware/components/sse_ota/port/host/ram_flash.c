/* SPDX-License-Identifier: MIT */
#include "ram_flash.h"

#include <string.h>

typedef struct layout {
    const char *name;
    sse_ota_slot_t slots[2];
} layout_t;

static const layout_t LAYOUTS[] = {
    {"one-mb", {{0x10000, 0x70000, "ota_0"}, {0x80000, 0x70000, "ota_1"}}},
    {"two-ota-2mb", {{0x10000, 0xf0000, "ota_0"}, {0x110000, 0xf0000, "ota_1"}}},
    {"two-ota-4mb", {{0x10000, 0xf0000, "ota_0"}, {0x110000, 0xf0000, "ota_1"}}},
    {"reference-one-mb", {{0x10000, 0x50000, "boot"}, {0x60000, 0xa0000, "main"}}},
};

bool ram_flash_start(ram_flash_t *flash, const char *layout)
{
    memset(flash->bytes, 0xff, sizeof(flash->bytes));
    flash->running = flash->boot = 0;
    flash->fault = RAM_FLASH_NO_FAULT;
    flash->fault_at = flash->erases = flash->writes = flash->reads = flash->boot_writes = 0;
    flash->is_misused = false;
    for (size_t i = 0; i < sizeof(LAYOUTS) / sizeof(LAYOUTS[0]); i++) {
        if (strcmp(layout, LAYOUTS[i].name) == 0) {
            memcpy(flash->slots, LAYOUTS[i].slots, sizeof(flash->slots));
            return true;
        }
    }
    return false;
}

static const sse_ota_slot_t *next_slot(const ram_flash_t *flash)
{
    return &flash->slots[flash->running == 0 ? 1 : 0];
}

sse_ota_err_t ram_flash_slots(const ram_flash_t *flash, sse_ota_slot_t *running, sse_ota_slot_t *next)
{
    *running = flash->slots[flash->running];
    *next = *next_slot(flash);
    return SSE_OTA_OK;
}

/* The bytes of the next slot, or NULL if the range leaves it. */
static uint8_t *range(ram_flash_t *flash, uint32_t offset, size_t length)
{
    const sse_ota_slot_t *slot = next_slot(flash);
    if (offset > slot->size_bytes || length > slot->size_bytes - offset) {
        flash->is_misused = true;
        return NULL;
    }
    return flash->bytes + slot->flash_offset + offset;
}

static bool is_fault(const ram_flash_t *flash, ram_flash_fault_t fault, uint32_t operation)
{
    return flash->fault == fault && flash->fault_at == operation;
}

sse_ota_err_t ram_flash_erase_sector(ram_flash_t *flash, uint32_t offset)
{
    uint8_t *at = range(flash, offset, SSE_OTA_SECTOR_BYTES);
    flash->erases++;
    if (at == NULL || offset % SSE_OTA_SECTOR_BYTES != 0) {
        flash->is_misused = true;
        return SSE_OTA_ERR_ARG;
    }
    if (is_fault(flash, RAM_FLASH_ERASE_FAILS, flash->erases)) {
        return SSE_OTA_ERR_IO;
    }
    if (!is_fault(flash, RAM_FLASH_ERASE_LOST, flash->erases)) {
        memset(at, 0xff, SSE_OTA_SECTOR_BYTES);
    }
    return SSE_OTA_OK;
}

sse_ota_err_t ram_flash_write(ram_flash_t *flash, uint32_t offset, const void *bytes, size_t length)
{
    uint8_t *at = range(flash, offset, length);
    const uint8_t *from = bytes;
    flash->writes++;
    if (at == NULL || offset % 4 != 0 || length % 4 != 0 || (uintptr_t)bytes % 4 != 0) {
        flash->is_misused = true;
        return SSE_OTA_ERR_ARG;
    }
    if (is_fault(flash, RAM_FLASH_WRITE_FAILS, flash->writes)) {
        return SSE_OTA_ERR_IO;
    }
    if (is_fault(flash, RAM_FLASH_WRITE_LOST, flash->writes)) {
        return SSE_OTA_OK;
    }
    for (size_t i = 0; i < length; i++) {
        if ((from[i] & ~at[i]) != 0 && flash->fault != RAM_FLASH_ERASE_LOST) {
            flash->is_misused = true;
        }
        at[i] = (uint8_t)(at[i] & from[i]);
    }
    return SSE_OTA_OK;
}

sse_ota_err_t ram_flash_read(ram_flash_t *flash, uint32_t offset, void *bytes, size_t length)
{
    const uint8_t *at = range(flash, offset, length);
    flash->reads++;
    if (at == NULL) {
        return SSE_OTA_ERR_ARG;
    }
    if (is_fault(flash, RAM_FLASH_READ_FAILS, flash->reads)) {
        return SSE_OTA_ERR_IO;
    }
    memcpy(bytes, at, length);
    return SSE_OTA_OK;
}

/* What the boot loader checks by default: magic, segments, checksum byte. Written apart from image_check.c. */
static bool would_boot(const uint8_t *image, uint32_t size_bytes)
{
    uint8_t sum = 0xef;
    uint32_t at = 8;
    if (image[0] != 0xe9 || image[1] > 16) {
        return false;
    }
    for (unsigned i = 0; i < image[1]; i++) {
        uint32_t length = 0;
        for (unsigned k = 4; k > 0; k--) {
            length = (length << 8) | image[at + 3 + k];
        }
        at += 8;
        if (length % 4 != 0 || at + 16 > size_bytes || length > size_bytes - at - 16) {
            return false;
        }
        for (uint32_t end = at + length; at < end; at++) {
            sum ^= image[at];
        }
    }
    return image[at | 15] == sum;
}

static bool is_bootable(const ram_flash_t *flash, unsigned index)
{
    const sse_ota_slot_t *slot = &flash->slots[index];
    return would_boot(flash->bytes + slot->flash_offset, slot->size_bytes);
}

unsigned ram_flash_would_start(const ram_flash_t *flash)
{
    if (is_bootable(flash, flash->boot)) {
        return flash->boot;
    }
    return is_bootable(flash, 1 - flash->boot) ? 1 - flash->boot : 2;
}

sse_ota_err_t ram_flash_keep_boot(ram_flash_t *flash)
{
    if (flash->fault == RAM_FLASH_KEEP_FAILS) {
        return SSE_OTA_ERR_IO;
    }
    if (flash->boot != flash->running) {
        flash->boot = flash->running;
        flash->boot_writes++;
    }
    return SSE_OTA_OK;
}

sse_ota_err_t ram_flash_set_boot(ram_flash_t *flash)
{
    unsigned next = flash->running == 0 ? 1 : 0;
    if (flash->fault == RAM_FLASH_BOOT_FAILS || !is_bootable(flash, next)) {
        return SSE_OTA_ERR_IO;
    }
    flash->boot = next;
    flash->boot_writes++;
    return SSE_OTA_OK;
}

void ram_flash_restart(ram_flash_t *flash)
{
    flash->running = flash->boot;
}
