/* SPDX-License-Identifier: MIT */
/*
 * Source of the format: ESP8266_RTOS_SDK components/bootloader_support (esp_image_format.h, ESP8266 half) and
 * components/esptool_py; of the link window: components/esp8266/ld/esp8266.ld; of what is copied to RAM:
 * components/esp8266/source/startup.c. No code of theirs.
 */
#include "image_check.h"

#include <string.h>

#define IMAGE_MAGIC 0xe9
#define MAX_SEGMENTS 16
#define SEGMENT_HEADER_BYTES 8
#define CHECKSUM_SEED 0xef
#define CHECKSUM_BLOCK_BYTES 16

/* Flash as the CPU sees it: one window of 1 MiB, whichever megabyte is behind it. */
#define FLASH_WINDOW_ADDR 0x40200000u
#define FLASH_WINDOW_BYTES 0x100000u
/* Header and first segment header stand before the first byte that can be linked. */
#define FIRST_DATA_BYTES 0x10u
/* The image writer leaves the load address of rodata this much too low. */
#define RODATA_QUIRK_BYTES 8u

enum { HEADER, SEGMENT_HEADER, SEGMENT_DATA, PADDING, CHECKSUM, DIGEST, COMPLETE };

typedef struct load_region {
    uint32_t first_addr;
    uint32_t end_addr;
} load_region_t;

/* Where a segment of an app may be loaded; the mapped flash is looked at apart. */
static const load_region_t RAM_REGIONS[] = {
    {0x3ffe8000u, 0x40000000u}, /* data RAM */
    {0x40100000u, 0x4010c000u}, /* instruction RAM, up to the flash cache of 16 KiB */
    {0x60001000u, 0x60001400u}, /* RTC memory */
};

static uint32_t read_u32le(const uint8_t *at)
{
    return at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) | ((uint32_t)at[3] << 24);
}

static uint32_t slot_addr(const sse_ota_slot_t *slot)
{
    return FLASH_WINDOW_ADDR + (slot->flash_offset & (FLASH_WINDOW_BYTES - 1));
}

static sse_ota_err_t say(sse_ota_detail_t *detail, sse_ota_err_t err, const char *format, uint32_t first, uint32_t second)
{
    if (detail != NULL) {
        detail->format = format;
        detail->first = first;
        detail->second = second;
    }
    return err;
}

static sse_ota_err_t refuse(sse_ota_image_check_t *check, sse_ota_err_t err, const char *format, uint32_t first,
                            uint32_t second)
{
    check->verdict = say(&check->detail, err, format, first, second);
    return err;
}

sse_ota_err_t sse_ota_image_length(uint32_t announced_bytes, const sse_ota_slot_t *slot, sse_ota_detail_t *detail)
{
    if (announced_bytes > slot->size_bytes) {
        return say(detail, SSE_OTA_REFUSE_TOO_LARGE, "%u bytes announced, the slot holds %u", announced_bytes,
                   slot->size_bytes);
    }
    if (announced_bytes < SSE_OTA_IMAGE_HEADER_BYTES) {
        return say(detail, SSE_OTA_REFUSE_TRUNCATED, "%u bytes, an image header has %u", announced_bytes,
                   SSE_OTA_IMAGE_HEADER_BYTES);
    }
    return SSE_OTA_OK;
}

sse_ota_err_t sse_ota_image_first_eight(const uint8_t first[SSE_OTA_IMAGE_HEADER_BYTES], uint32_t announced_bytes,
                                        const sse_ota_slot_t *slot, sse_ota_detail_t *detail)
{
    sse_ota_err_t err = sse_ota_image_length(announced_bytes, slot, detail);
    if (err != SSE_OTA_OK) {
        return err;
    }
    if (first[0] != IMAGE_MAGIC) {
        return say(detail, SSE_OTA_REFUSE_BAD_MAGIC, "first byte %x, not %x", first[0], IMAGE_MAGIC);
    }
    if (first[1] == 0 || first[1] > MAX_SEGMENTS) {
        return say(detail, SSE_OTA_REFUSE_BAD_HEADER, "%u segments, 1 to %u allowed", first[1], MAX_SEGMENTS);
    }
    uint32_t entry_addr = read_u32le(first + 4);
    uint32_t base_addr = slot_addr(slot);
    if (entry_addr < base_addr + FIRST_DATA_BYTES || entry_addr - base_addr >= slot->size_bytes) {
        return say(detail, SSE_OTA_REFUSE_WRONG_SLOT, "entry %a, the slot is linked from %a", entry_addr,
                   base_addr + FIRST_DATA_BYTES);
    }
    return SSE_OTA_OK;
}

void sse_ota_image_check_start(sse_ota_image_check_t *check, const sse_ota_slot_t *slot, uint32_t announced_bytes,
                               bool wants_sha)
{
    memset(check, 0, sizeof(*check));
    check->slot = slot;
    check->announced_bytes = announced_bytes;
    check->sum = CHECKSUM_SEED;
    check->wants_sha = wants_sha;
    check->phase = HEADER;
    sse_ota_sha256_start(&check->sha);
}

static bool is_ram(uint32_t addr, uint32_t size_bytes)
{
    for (size_t i = 0; i < sizeof(RAM_REGIONS) / sizeof(RAM_REGIONS[0]); i++) {
        const load_region_t *region = &RAM_REGIONS[i];
        if (addr >= region->first_addr && addr < region->end_addr && size_bytes <= region->end_addr - addr) {
            return true;
        }
    }
    /* An empty segment at a region's very end is inside it. */
    return size_bytes == 0 && (addr == 0x40000000u || addr == 0x4010c000u || addr == 0x60001400u);
}

/* All segments have been seen: where the checksum and the digest must be is known now. */
static sse_ota_err_t end_of_segments(sse_ota_image_check_t *check)
{
    if (!check->is_entry_inside) {
        return refuse(check, SSE_OTA_REFUSE_BAD_HEADER, "entry %a is in no flash segment", check->entry_addr, 0);
    }
    uint32_t block_end = (check->at_bytes / CHECKSUM_BLOCK_BYTES + 1) * CHECKSUM_BLOCK_BYTES;
    uint32_t end = block_end + SSE_OTA_SHA256_BYTES;
    if (check->announced_bytes < end) {
        return refuse(check, SSE_OTA_REFUSE_TRUNCATED, "the image has %u bytes, %u announced", end,
                      check->announced_bytes);
    }
    if (check->announced_bytes > end) {
        return refuse(check, SSE_OTA_REFUSE_BAD_HEADER, "the image has %u bytes, %u announced", end,
                      check->announced_bytes);
    }
    check->segment_end_bytes = block_end - 1;
    check->phase = check->at_bytes == check->segment_end_bytes ? CHECKSUM : PADDING;
    return SSE_OTA_OK;
}

static sse_ota_err_t next_segment(sse_ota_image_check_t *check)
{
    if (check->segments_left == 0) {
        return end_of_segments(check);
    }
    if (check->announced_bytes - check->at_bytes < SEGMENT_HEADER_BYTES) {
        return refuse(check, SSE_OTA_REFUSE_TRUNCATED, "no segment header at %u, %u bytes announced", check->at_bytes,
                      check->announced_bytes);
    }
    check->phase = SEGMENT_HEADER;
    check->field_length = 0;
    return SSE_OTA_OK;
}

static sse_ota_err_t begin_segment(sse_ota_image_check_t *check)
{
    uint32_t load_addr = read_u32le(check->field);
    uint32_t size_bytes = read_u32le(check->field + 4);
    uint32_t data_at = check->at_bytes;
    if (size_bytes % 4 != 0 || load_addr % 4 != 0) {
        return refuse(check, SSE_OTA_REFUSE_BAD_HEADER, "segment %a + %x: not whole words", load_addr, size_bytes);
    }
    if (data_at > check->slot->size_bytes || size_bytes > check->slot->size_bytes - data_at) {
        return refuse(check, SSE_OTA_REFUSE_BAD_HEADER, "segment %a + %x: beyond the slot", load_addr, size_bytes);
    }
    /* size_bytes is now below 16 MiB, so that no sum below wraps. */
    if (load_addr >= FLASH_WINDOW_ADDR && load_addr <= FLASH_WINDOW_ADDR + FLASH_WINDOW_BYTES &&
        load_addr + size_bytes <= FLASH_WINDOW_ADDR + FLASH_WINDOW_BYTES) {
        /* Code runs where the slot maps it, whatever the header says: both must be the same place. */
        uint32_t mapped_addr = slot_addr(check->slot) + data_at;
        if (load_addr != mapped_addr && load_addr + RODATA_QUIRK_BYTES != mapped_addr) {
            return refuse(check, SSE_OTA_REFUSE_BAD_HEADER, "segment %a, the slot maps it at %a", load_addr,
                          mapped_addr);
        }
        if (check->entry_addr >= mapped_addr && check->entry_addr - mapped_addr < size_bytes) {
            check->is_entry_inside = true;
        }
    } else if (!is_ram(load_addr, size_bytes)) {
        return refuse(check, SSE_OTA_REFUSE_BAD_HEADER, "segment %a + %x: no memory to load it to", load_addr,
                      size_bytes);
    } else if (data_at == FIRST_DATA_BYTES) {
        /* An app's start-up code, call_start_cpu() of the SDK, copies from the second segment on. */
        return refuse(check, SSE_OTA_REFUSE_BAD_HEADER, "segment %a + %x: nothing copies a first one to RAM", load_addr,
                      size_bytes);
    }
    if (size_bytes > check->announced_bytes - data_at) {
        return refuse(check, SSE_OTA_REFUSE_TRUNCATED, "segment to %u, %u bytes announced", data_at + size_bytes,
                      check->announced_bytes);
    }
    check->segments_left--;
    check->segment_end_bytes = data_at + size_bytes;
    check->phase = SEGMENT_DATA;
    return size_bytes == 0 ? next_segment(check) : SSE_OTA_OK;
}

static sse_ota_err_t begin_segments(sse_ota_image_check_t *check)
{
    sse_ota_err_t err =
        sse_ota_image_first_eight(check->field, check->announced_bytes, check->slot, &check->detail);
    if (err != SSE_OTA_OK) {
        check->verdict = err;
        return err;
    }
    check->segments_left = check->field[1];
    check->entry_addr = read_u32le(check->field + 4);
    return next_segment(check);
}

static sse_ota_err_t check_digest(sse_ota_image_check_t *check)
{
    check->phase = COMPLETE;
    if (!check->wants_sha) {
        return SSE_OTA_OK;
    }
    uint8_t digest[SSE_OTA_SHA256_BYTES];
    sse_ota_sha256_end(&check->sha, digest);
    if (memcmp(digest, check->field, sizeof(digest)) != 0) {
        return refuse(check, SSE_OTA_REFUSE_BAD_CHECKSUM, "the SHA-256 at %u does not fit", check->at_bytes - 32, 0);
    }
    return SSE_OTA_OK;
}

/* Collects a field of `wanted` bytes; true once it is whole. */
static bool collect(sse_ota_image_check_t *check, const uint8_t *bytes, size_t length, size_t wanted, size_t *taken)
{
    size_t take = wanted - check->field_length;
    if (take > length) {
        take = length;
    }
    memcpy(check->field + check->field_length, bytes, take);
    check->field_length = (uint8_t)(check->field_length + take);
    check->at_bytes += (uint32_t)take;
    *taken = take;
    return check->field_length == wanted;
}

/* Bytes up to `segment_end_bytes`, at most `length`. */
static size_t pass(sse_ota_image_check_t *check, size_t length)
{
    size_t take = check->segment_end_bytes - check->at_bytes;
    if (take > length) {
        take = length;
    }
    check->at_bytes += (uint32_t)take;
    return take;
}

/* One step within one phase; at least one byte is taken. */
static sse_ota_err_t step(sse_ota_image_check_t *check, const uint8_t *bytes, size_t length, size_t *taken)
{
    switch (check->phase) {
    case HEADER:
        return collect(check, bytes, length, SSE_OTA_IMAGE_HEADER_BYTES, taken) ? begin_segments(check) : SSE_OTA_OK;
    case SEGMENT_HEADER:
        return collect(check, bytes, length, SEGMENT_HEADER_BYTES, taken) ? begin_segment(check) : SSE_OTA_OK;
    case SEGMENT_DATA: {
        size_t take = pass(check, length);
        uint8_t sum = check->sum;
        for (size_t i = 0; i < take; i++) {
            sum ^= bytes[i];
        }
        check->sum = sum;
        *taken = take;
        return check->at_bytes == check->segment_end_bytes ? next_segment(check) : SSE_OTA_OK;
    }
    case PADDING:
        *taken = pass(check, length);
        if (check->at_bytes == check->segment_end_bytes) {
            check->phase = CHECKSUM;
        }
        return SSE_OTA_OK;
    case CHECKSUM:
        *taken = 1;
        check->at_bytes++;
        check->field_length = 0;
        check->phase = DIGEST;
        if (bytes[0] != check->sum) {
            return refuse(check, SSE_OTA_REFUSE_BAD_CHECKSUM, "checksum byte %x, the data give %x", bytes[0],
                          check->sum);
        }
        return SSE_OTA_OK;
    case DIGEST:
        return collect(check, bytes, length, SSE_OTA_SHA256_BYTES, taken) ? check_digest(check) : SSE_OTA_OK;
    default:
        *taken = length;
        return refuse(check, SSE_OTA_REFUSE_BAD_HEADER, "bytes behind the end at %u", check->at_bytes, 0);
    }
}

sse_ota_err_t sse_ota_image_check_feed(sse_ota_image_check_t *check, const uint8_t *bytes, size_t length)
{
    while (length > 0 && check->verdict == SSE_OTA_OK) {
        size_t taken = 0;
        bool is_digested = check->phase < DIGEST;
        sse_ota_err_t err = step(check, bytes, length, &taken);
        if (is_digested && check->wants_sha && err == SSE_OTA_OK) {
            sse_ota_sha256_feed(&check->sha, bytes, taken);
        }
        bytes += taken;
        length -= taken;
    }
    return check->verdict;
}

sse_ota_err_t sse_ota_image_check_end(sse_ota_image_check_t *check)
{
    if (check->verdict == SSE_OTA_OK && check->phase != COMPLETE) {
        return refuse(check, SSE_OTA_REFUSE_TRUNCATED, "%u of %u bytes came", check->at_bytes, check->announced_bytes);
    }
    return check->verdict;
}
