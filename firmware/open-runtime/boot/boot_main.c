/* SPDX-License-Identifier: MIT */
/*
 * The second-stage bootloader. The boot ROM loads it from flash 0 and calls it; it reads the partition table and otadata, checks
 * the selected app, maps its MiB and calls its entry with the image's flash offset. It copies nothing: an app fetches its
 * own RAM segments. When there is nothing to start it returns, and the ROM says so.
 */
#include <stddef.h>

#include "boot_flash.h"
#include "boot_image.h"
#include "boot_log.h"
#include "boot_table.h"

#define MAX_MAPPED_OFFSET 0x800000u

static const char TAG[] = "boot";

typedef void (*app_entry_t)(uint32_t flash_offset);

extern uint32_t _bss_start[];
extern uint32_t _bss_end[];

/* Texts by the low nibble of an image's byte 3, in Espressif's code: 0, 1, 2 and 15 are in use. */
static const char *speed_text(uint32_t code)
{
    return code == 0 ? "40MHz" : code == 1 ? "26.7MHz" : code == 2 ? "20MHz" : code == 15 ? "80MHz" : "unknown";
}

static const char *mode_text(uint32_t code)
{
    static const char *const s_texts[] = {"QIO", "QOUT", "DIO", "DOUT"};
    return code < 4 ? s_texts[code] : "unknown";
}

/* The high nibble, as the ROM's own images have it. */
static const char *size_text(uint32_t code)
{
    static const char *const s_texts[] = {"512KB", "256KB", "1MB", "2MB", "4MB", "2MB-c1", "4MB-c1", "unknown", "8MB", "16MB"};
    return code < sizeof(s_texts) / sizeof(s_texts[0]) ? s_texts[code] : "unknown";
}

static void print_flash(const boot_header_t *header)
{
    BOOT_LOGI(TAG, "SPI Speed      : %s", speed_text(header->speed_and_size & 15u));
    BOOT_LOGI(TAG, "SPI Mode       : %s", mode_text(header->spi_mode));
    BOOT_LOGI(TAG, "SPI Flash Size : %s", size_text((uint32_t)header->speed_and_size >> 4));
}

/* Starts the app of a place if it can be started; comes back if it cannot. */
static void try_place(boot_place_t place)
{
    uint32_t entry;
    if (!boot_image_check(place, &entry)) {
        return;
    }
    BOOT_LOGI(TAG, "Loaded app from partition at offset 0x%x", (unsigned)place.flash_offset);
    if (place.flash_offset >= MAX_MAPPED_OFFSET) {
        BOOT_LOGE(TAG, "flash mapped address %p is invalid", (void *)place.flash_offset);
        for (;;) {
        }
    }
    boot_flash_map(place.flash_offset);
    ((app_entry_t)entry)(place.flash_offset);
}

static void try_index(const boot_table_t *table, int32_t index)
{
    boot_place_t place = boot_table_place(table, index);
    if (place.size_bytes == 0) {
        return;
    }
    try_place(place);
    if (index == BOOT_FACTORY_INDEX) {
        BOOT_LOGE(TAG, "Factory app partition is not bootable");
    } else {
        BOOT_LOGE(TAG, "OTA app partition slot %d is not bootable", (int)index);
    }
}

static void search(const boot_table_t *table, int32_t first)
{
    for (int32_t index = first; index >= BOOT_FACTORY_INDEX; index--) {
        try_index(table, index);
    }
    for (int32_t index = first + 1; index < (int32_t)table->ota_count; index++) {
        try_index(table, index);
    }
    if (table->test.size_bytes != 0) {
        BOOT_LOGW(TAG, "Falling back to test app as only bootable partition");
        try_place(table->test);
    }
    BOOT_LOGE(TAG, "No bootable app partitions in the partition table");
}

void call_start_cpu(void)
{
    static boot_table_t s_table;
    boot_header_t header;
    int32_t index;
    uint32_t all_levels;
    __asm__ volatile("rsil %0, 15" : "=a"(all_levels));
    (void)all_levels;
    for (uint32_t *word = _bss_start; word < _bss_end; word++) {
        *word = 0;
    }
    BOOT_LOGI(TAG, "ESP-IDF " BOOT_VERSION " 2nd stage bootloader");
    BOOT_LOGI(TAG, "compile time " __TIME__);
    if (!boot_flash_read(0, (uint32_t *)&header, sizeof(header))) {
        BOOT_LOGE(TAG, "bootloader read flash error");
        return;
    }
    print_flash(&header);
    if (!boot_table_read(&s_table)) {
        BOOT_LOGE(TAG, "load partition table error!");
        return;
    }
    if (boot_table_choose(&s_table, &index)) {
        search(&s_table, index);
    }
}
