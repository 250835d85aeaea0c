/* SPDX-License-Identifier: MIT */
/*
 * Partition table: rows of 32 bytes at 0x8000, ended by an erased one. otadata: two sectors, each with a record
 * {u32 sequence, 24 bytes label, u32 CRC-32 of the sequence}. The record with the larger valid sequence selects slot
 * (sequence - 1) % slots. Source: ESP8266_RTOS_SDK components/bootloader_support/include/esp_flash_partitions.h.
 */
#include "boot_table.h"

#include "boot_flash.h"
#include "boot_log.h"

#define TABLE_OFFSET 0x8000
#define MAX_ROWS 96
#define ROW_MAGIC 0x50AA
/* A row with the MD5 of those before it. Nobody checks it here, and it counts as a row, as with the SDK. */
#define MD5_MAGIC 0xEBEB
#define LABEL_BYTES 16

#define TYPE_APP 0
#define TYPE_DATA 1
#define TYPE_END 0xff
#define APP_FACTORY 0x00
#define APP_OTA_0 0x10
#define APP_TEST 0x20
#define DATA_OTA 0
#define DATA_PHY 1
#define DATA_NVS 2

#define SECTOR_BYTES 0x1000
#define BLANK 0xFFFFFFFFu
#define CRC_POLYNOMIAL 0xEDB88320u

typedef struct row {
    uint16_t magic;
    uint8_t type;
    uint8_t subtype;
    uint32_t flash_offset;
    uint32_t size_bytes;
    char label[LABEL_BYTES];
    uint32_t flags;
} row_t;

typedef struct record {
    uint32_t sequence;
    uint8_t label[24];
    uint32_t crc;
} record_t;

/* One row too many, so that a table without an end is noticed. */
static row_t s_rows[MAX_ROWS];

static bool is_end(const row_t *row)
{
    return row->magic == 0xffff && row->type == TYPE_END && row->subtype == 0xff;
}

static bool is_ota(const row_t *row)
{
    return row->type == TYPE_APP && row->subtype >= APP_OTA_0 && row->subtype < APP_OTA_0 + BOOT_MAX_OTA_SLOTS;
}

static const char *usage_of(const row_t *row)
{
    if (row->type == TYPE_APP) {
        return row->subtype == APP_FACTORY ? "factory app"
               : row->subtype == APP_TEST  ? "test app"
               : is_ota(row)               ? "OTA app"
                                           : "Unknown app";
    }
    if (row->type == TYPE_DATA) {
        return row->subtype == DATA_OTA   ? "OTA data"
               : row->subtype == DATA_PHY ? "RF data"
               : row->subtype == DATA_NVS ? "WiFi data"
                                          : "Unknown data";
    }
    return "unknown";
}

static void take(boot_table_t *table, const row_t *row)
{
    const boot_place_t place = {row->flash_offset, row->size_bytes};
    if (row->type == TYPE_APP && row->subtype == APP_FACTORY) {
        table->factory = place;
    } else if (row->type == TYPE_APP && row->subtype == APP_TEST) {
        table->test = place;
    } else if (is_ota(row)) {
        table->ota[row->subtype - APP_OTA_0] = place;
        table->ota_count++;
    } else if (row->type == TYPE_DATA && row->subtype == DATA_OTA) {
        table->otadata = place;
    }
}

/* The number of rows; -1, and a line, when the table is not valid. */
static int count_rows(void)
{
    uint32_t size = boot_flash_size_bytes();
    for (int i = 0; i < MAX_ROWS; i++) {
        const row_t *row = &s_rows[i];
        if (is_end(row)) {
            return i;
        }
        if (row->magic == MD5_MAGIC) {
            continue;
        }
        if (row->magic != ROW_MAGIC) {
            BOOT_LOGE("flash_parts", "partition %d invalid magic number 0x%x", i, row->magic);
            return -1;
        }
        if (row->flash_offset > size || row->size_bytes > size - row->flash_offset) {
            BOOT_LOGE("flash_parts", "partition %d invalid - offset 0x%x size 0x%x exceeds flash chip size 0x%x", i,
                      (unsigned)row->flash_offset, (unsigned)row->size_bytes, (unsigned)size);
            return -1;
        }
    }
    BOOT_LOGE("flash_parts", "partition table has no terminating entry, not valid");
    return -1;
}

bool boot_table_read(boot_table_t *table)
{
    int count = -1;
    if (boot_flash_read(TABLE_OFFSET, (uint32_t *)s_rows, sizeof(s_rows))) {
        count = count_rows();
    }
    if (count < 0) {
        BOOT_LOGE("boot", "Failed to verify partition table");
        return false;
    }
    BOOT_LOGI("boot", "Partition Table:");
    BOOT_LOGI("boot", "## Label            Usage          Type ST Offset   Length");
    for (int i = 0; i < count; i++) {
        const row_t *row = &s_rows[i];
        char label[LABEL_BYTES + 1];
        for (int at = 0; at < LABEL_BYTES; at++) {
            label[at] = row->label[at];
        }
        label[LABEL_BYTES] = '\0';
        BOOT_LOGI("boot", "%2d %-16s %-16s %02x %02x %08x %08x", i, label, usage_of(row), row->type, row->subtype,
                  (unsigned)row->flash_offset, (unsigned)row->size_bytes);
        if (row->magic == ROW_MAGIC) {
            take(table, row);
        }
    }
    BOOT_LOGI("boot", "End of partition table");
    return true;
}

/* crc32_le(0xFFFFFFFF, sequence): the register starts inverted, hence at 0. */
static uint32_t crc_of(uint32_t sequence)
{
    uint32_t crc = sequence;
    for (int bit = 0; bit < 32; bit++) {
        crc = (crc >> 1) ^ ((crc & 1) != 0 ? CRC_POLYNOMIAL : 0);
    }
    return ~crc;
}

static bool is_valid(const record_t *record)
{
    return record->sequence != BLANK && record->crc == crc_of(record->sequence);
}

bool boot_table_choose(const boot_table_t *table, int32_t *index)
{
    record_t records[2];
    const boot_place_t *otadata = &table->otadata;
    *index = BOOT_FACTORY_INDEX;
    if (otadata->size_bytes == 0) {
        return true;
    }
    if (otadata->size_bytes < 2 * SECTOR_BYTES) {
        BOOT_LOGE("boot", "ota_info partition size %d is too small (minimum %d bytes)", (int)otadata->size_bytes,
                  (int)sizeof(record_t));
        return false;
    }
    if (!boot_flash_read(otadata->flash_offset, (uint32_t *)&records[0], sizeof(record_t)) ||
        !boot_flash_read(otadata->flash_offset + SECTOR_BYTES, (uint32_t *)&records[1], sizeof(record_t))) {
        BOOT_LOGE("boot", "bootloader read flash error");
        return false;
    }
    bool has_factory = table->factory.size_bytes != 0;
    if (records[0].sequence == BLANK && records[1].sequence == BLANK) {
        if (has_factory) {
            BOOT_LOGI("boot", "Defaulting to factory image");
        } else {
            BOOT_LOGI("boot", "No factory image, trying OTA 0");
            *index = 0;
        }
        return true;
    }
    uint32_t sequence = 0;
    for (int i = 0; i < 2; i++) {
        if (is_valid(&records[i]) && records[i].sequence > sequence) {
            sequence = records[i].sequence;
        }
    }
    if ((is_valid(&records[0]) || is_valid(&records[1])) && table->ota_count > 0) {
        /* No sign anywhere: with the SDK's, too, the number of slots is a uint32_t. Sequence 0 is one as any other. */
        *index = (int32_t)((sequence - 1) % table->ota_count);
    } else if (has_factory) {
        BOOT_LOGE("boot", "ota data partition invalid, falling back to factory");
    } else {
        BOOT_LOGE("boot", "ota data partition invalid and no factory, will try all partitions");
    }
    return true;
}

boot_place_t boot_table_place(const boot_table_t *table, int32_t index)
{
    const boot_place_t none = {0, 0};
    if (index == BOOT_FACTORY_INDEX) {
        return table->factory;
    }
    return index >= 0 && index < BOOT_MAX_OTA_SLOTS ? table->ota[index] : none;
}
