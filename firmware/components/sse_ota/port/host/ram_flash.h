/* SPDX-License-Identifier: MIT */
#ifndef SSE_OTA_RAM_FLASH_H
#define SSE_OTA_RAM_FLASH_H

#include <stdbool.h>

#include "image_check.h"
#include "sse_ota_port.h"

/*
 * A flash chip in memory, with two slots, for tests on a host. It behaves as NOR flash does: erasing sets a sector to
 * ones, writing only clears bits. It can fail at a chosen operation, in ways that real chips do:
 */
typedef enum ram_flash_fault {
    RAM_FLASH_NO_FAULT,
    RAM_FLASH_ERASE_FAILS, /* the driver reports an error */
    RAM_FLASH_WRITE_FAILS,
    RAM_FLASH_READ_FAILS,
    RAM_FLASH_WRITE_LOST,  /* the driver reports success; nothing was written: a worn or locked sector */
    RAM_FLASH_ERASE_LOST,
    RAM_FLASH_BOOT_FAILS,  /* the new slot cannot be made the one to boot */
    RAM_FLASH_KEEP_FAILS   /* nor can the running one */
} ram_flash_fault_t;

#define RAM_FLASH_BYTES 0x400000u

typedef struct ram_flash {
    uint8_t bytes[RAM_FLASH_BYTES];
    sse_ota_slot_t slots[2];
    unsigned running;       /* index of the slot that runs */
    unsigned boot;          /* index of the slot that a restart will run */
    ram_flash_fault_t fault;
    uint32_t fault_at;      /* the fault happens at this operation of its kind, counted from 1 */
    uint32_t erases;        /* operations so far */
    uint32_t writes;
    uint32_t reads;
    uint32_t boot_writes;   /* times that `boot` was written */
    bool is_misused;        /* outside the next slot, unaligned, or a write that had to set a bit */
} ram_flash_t;

/* One of "one-mb", "two-ota-2mb", "two-ota-4mb", "reference-one-mb"; false if the name is none of them. */
bool ram_flash_start(ram_flash_t *flash, const char *layout);

/* The port's functions of the same names. */
sse_ota_err_t ram_flash_slots(const ram_flash_t *flash, sse_ota_slot_t *running, sse_ota_slot_t *next);
sse_ota_err_t ram_flash_keep_boot(ram_flash_t *flash);
sse_ota_err_t ram_flash_erase_sector(ram_flash_t *flash, uint32_t offset);
sse_ota_err_t ram_flash_write(ram_flash_t *flash, uint32_t offset, const void *bytes, size_t length);
sse_ota_err_t ram_flash_read(ram_flash_t *flash, uint32_t offset, void *bytes, size_t length);
sse_ota_err_t ram_flash_set_boot(ram_flash_t *flash);

/* Index of the slot that a boot loader would start now: the boot slot, the other if that one holds no image. 2: neither does. */
unsigned ram_flash_would_start(const ram_flash_t *flash);

/* What a restart does: the boot slot runs. */
void ram_flash_restart(ram_flash_t *flash);

#endif
