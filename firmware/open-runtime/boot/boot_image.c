/* SPDX-License-Identifier: MIT */
/*
 * Format: header of 8 bytes; segments {load address, length, data}; checksum byte (0xEF xor all data) as the last of a block of
 * 16. Source: ESP8266_RTOS_SDK components/bootloader_support/include/esp_image_format.h.
 */
#include "boot_image.h"

#include "boot_flash.h"
#include "boot_log.h"

#define IMAGE_MAGIC 0xE9
#define MAX_SEGMENTS 16
#define CHECKSUM_SEED 0xEF
#define PIECE_BYTES 1024
#define FLASH_WINDOW 0x40200000u
#define FLASH_WINDOW_END 0x40300000u

static const char TAG[] = "esp_image";

typedef struct segment {
    uint32_t load_addr;
    uint32_t length;
} segment_t;

static bool read_failed(void)
{
    BOOT_LOGE(TAG, "bootloader read flash error");
    return false;
}

/* Folds the bytes of a range into the checksum. */
static bool add_checksum(uint32_t flash_offset, uint32_t length, uint32_t *folded)
{
    static uint32_t s_piece[PIECE_BYTES / 4];
    if (flash_offset > boot_flash_size_bytes() || length > boot_flash_size_bytes() - flash_offset) {
        return false;
    }
    while (length > 0) {
        uint32_t bytes = length < PIECE_BYTES ? length : PIECE_BYTES;
        if (!boot_flash_read(flash_offset, s_piece, bytes)) {
            return false;
        }
        for (uint32_t i = 0; i < bytes / 4; i++) {
            *folded ^= s_piece[i];
        }
        flash_offset += bytes;
        length -= bytes;
    }
    return true;
}

static uint8_t fold(uint32_t word)
{
    return (uint8_t)(word ^ (word >> 8) ^ (word >> 16) ^ (word >> 24));
}

bool boot_image_check(boot_place_t place, uint32_t *entry)
{
    boot_header_t header;
    uint32_t folded = 0;
    uint32_t at = place.flash_offset + (uint32_t)sizeof(header);
    if (!boot_flash_read(place.flash_offset, (uint32_t *)&header, sizeof(header))) {
        return read_failed();
    }
    if (header.magic != IMAGE_MAGIC) {
        BOOT_LOGE(TAG, "image at 0x%x has invalid magic byte", (unsigned)place.flash_offset);
        return false;
    }
    if (header.segment_count > MAX_SEGMENTS) {
        BOOT_LOGE(TAG, "image at 0x%x segment count %d exceeds max %d", (unsigned)place.flash_offset, header.segment_count,
                  MAX_SEGMENTS);
        return false;
    }
    for (int i = 0; i < header.segment_count; i++) {
        segment_t segment;
        if (!boot_flash_read(at, (uint32_t *)&segment, sizeof(segment))) {
            return read_failed();
        }
        at += (uint32_t)sizeof(segment);
        if (segment.length % 4 != 0) {
            BOOT_LOGE(TAG, "unaligned segment length 0x%x", (unsigned)segment.length);
            return false;
        }
        bool is_mapped = segment.load_addr >= FLASH_WINDOW && segment.load_addr < FLASH_WINDOW_END;
        BOOT_LOGI(TAG, "segment %d: paddr=0x%08x vaddr=0x%08x size=0x%05x (%6d) %s", i, (unsigned)at,
                  (unsigned)segment.load_addr, (unsigned)segment.length, (int)segment.length, is_mapped ? "map" : "load");
        if (!add_checksum(at, segment.length, &folded)) {
            return read_failed();
        }
        at += segment.length;
    }
    /* The last four bytes of the block in which the checksum byte is the last. */
    uint32_t end = place.flash_offset + (((at - place.flash_offset) & ~15u) + 16);
    uint32_t last;
    if (!boot_flash_read(end - 4, &last, sizeof(last))) {
        return read_failed();
    }
    uint8_t calculated = CHECKSUM_SEED ^ fold(folded);
    uint8_t stored = (uint8_t)(last >> 24);
    if (stored != calculated) {
        BOOT_LOGE(TAG, "Checksum failed. Calculated 0x%x read 0x%x", calculated, stored);
        return false;
    }
    uint32_t length = end - place.flash_offset;
    if (length > place.size_bytes) {
        BOOT_LOGE(TAG, "Image length %d doesn't fit in partition length %d", (int)length, (int)place.size_bytes);
        return false;
    }
    *entry = header.entry;
    return true;
}
