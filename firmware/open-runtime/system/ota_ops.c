/* SPDX-License-Identifier: MIT */
/*
 * otadata: two sectors, each with a record at its start. The larger valid sequence selects slot (sequence - 1) % slots.
 * What is written where follows the SDK's rule (components/app_update/esp_ota_ops.c), so that either's bootloader and tools
 * understand it.
 */
#include "esp_ota_ops.h"

#include <string.h>

#include "crc32.h"
#include "esp_spi_flash.h"
#include "image_verify.h"
#include "partition_table.h"

#define BLANK 0xFFFFFFFFu
#define DESCRIPTOR_OFFSET 0x10

typedef struct record {
    uint32_t sequence;
    uint8_t label[24];
    uint32_t crc;
} record_t;

_Static_assert(sizeof(record_t) == 32, "a record has 32 bytes");

extern const esp_app_desc_t esp_app_desc;

static bool is_valid(const record_t *record)
{
    return record->sequence != BLANK &&
           record->crc == system_crc32(SYSTEM_CRC32_START, &record->sequence, sizeof(record->sequence));
}

static const esp_partition_t *find_otadata(void)
{
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_OTA, NULL);
}

static const esp_partition_t *find_slot(uint32_t index)
{
    return esp_partition_find_first(ESP_PARTITION_TYPE_APP,
                                    (esp_partition_subtype_t)(ESP_PARTITION_SUBTYPE_APP_OTA_MIN + index), NULL);
}

static bool is_slot(const esp_partition_t *partition)
{
    return partition->type == ESP_PARTITION_TYPE_APP && partition->subtype >= ESP_PARTITION_SUBTYPE_APP_OTA_MIN &&
           partition->subtype < ESP_PARTITION_SUBTYPE_APP_OTA_MAX;
}

static uint32_t slot_count(void)
{
    uint32_t count = 0;
    while (count < ESP_PARTITION_SUBTYPE_APP_OTA_MAX - ESP_PARTITION_SUBTYPE_APP_OTA_MIN && find_slot(count) != NULL) {
        count++;
    }
    return count;
}

static esp_err_t read_records(const esp_partition_t *otadata, record_t records[2])
{
    if (otadata == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    if (otadata->size < 2 * SPI_FLASH_SEC_SIZE) {
        return ESP_ERR_OTA_SELECT_INFO_INVALID;
    }
    for (size_t i = 0; i < 2; i++) {
        esp_err_t err = esp_partition_read(otadata, i * SPI_FLASH_SEC_SIZE, &records[i], sizeof(records[i]));
        if (err != ESP_OK) {
            return err;
        }
    }
    return ESP_OK;
}

const esp_app_desc_t *esp_ota_get_app_description(void)
{
    return &esp_app_desc;
}

esp_err_t esp_ota_get_partition_description(const esp_partition_t *partition, esp_app_desc_t *app_desc)
{
    if (partition == NULL || app_desc == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    esp_err_t err = esp_partition_read(partition, DESCRIPTOR_OFFSET, app_desc, sizeof(*app_desc));
    if (err != ESP_OK) {
        return err;
    }
    return app_desc->magic_word == ESP_APP_DESC_MAGIC_WORD ? ESP_OK : ESP_ERR_NOT_FOUND;
}

const esp_partition_t *esp_ota_get_running_partition(void)
{
    uintptr_t offset = spi_flash_cache2phys(&esp_app_desc);
    const esp_partition_t *partition;
    for (size_t i = 0; (partition = partition_table_at(i)) != NULL; i++) {
        if (partition->type == ESP_PARTITION_TYPE_APP && offset >= partition->address &&
            offset - partition->address < partition->size) {
            return partition;
        }
    }
    return NULL;
}

const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from)
{
    const esp_partition_t *from = start_from != NULL ? start_from : esp_ota_get_running_partition();
    uint32_t count = slot_count();
    if (from == NULL || count == 0) {
        return NULL;
    }
    uint32_t next = 0;
    if (is_slot(from)) {
        next = ((uint32_t)from->subtype - ESP_PARTITION_SUBTYPE_APP_OTA_MIN + 1) % count;
    }
    return find_slot(next);
}

/* The record that counts: of two valid ones that with the larger sequence, 0 being one. -1: neither is valid. */
static int present_record(const record_t records[2])
{
    bool is_first_valid = is_valid(&records[0]);
    bool is_second_valid = is_valid(&records[1]);
    if (is_first_valid && (!is_second_valid || records[0].sequence >= records[1].sequence)) {
        return 0;
    }
    return is_second_valid ? 1 : -1;
}

const esp_partition_t *esp_ota_get_boot_partition(void)
{
    record_t records[2];
    uint32_t count = slot_count();
    const esp_partition_t *factory =
        esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_FACTORY, NULL);
    if (read_records(find_otadata(), records) != ESP_OK) {
        return NULL;
    }
    int present = present_record(records);
    if (present >= 0 && count != 0) {
        return find_slot((records[present].sequence - 1) % count);
    }
    return factory != NULL ? factory : find_slot(0);
}

/* Erases the sector and writes the record, the last 32 bytes of a set of operations that a power cut may end anywhere. */
static esp_err_t write_record(const esp_partition_t *otadata, size_t sector, const record_t *record)
{
    record_t written;
    size_t offset = sector * SPI_FLASH_SEC_SIZE;
    esp_err_t err = esp_partition_erase_range(otadata, offset, SPI_FLASH_SEC_SIZE);
    if (err == ESP_OK) {
        err = esp_partition_write(otadata, offset, record, sizeof(*record));
    }
    if (err == ESP_OK) {
        err = esp_partition_read(otadata, offset, &written, sizeof(written));
    }
    if (err == ESP_OK && memcmp(&written, record, sizeof(written)) != 0) {
        err = ESP_ERR_FLASH_OP_FAIL;
    }
    return err;
}

static esp_err_t select_slot(const esp_partition_t *otadata, uint32_t slot, uint32_t count)
{
    record_t records[2];
    esp_err_t err = read_records(otadata, records);
    if (err != ESP_OK) {
        return err;
    }
    int present = present_record(records);
    size_t sector = 0;
    uint32_t sequence = slot + 1;
    if (present >= 0) {
        /* The present record stays until the new one is whole. */
        uint32_t least = records[present].sequence;
        sector = present == 0 ? 1 : 0;
        sequence = (slot + 1) % count;
        if (sequence < least) {
            sequence += (least - sequence + count - 1) / count * count;
        }
    }
    record_t record = records[sector];
    record.sequence = sequence;
    record.crc = system_crc32(SYSTEM_CRC32_START, &record.sequence, sizeof(record.sequence));
    return write_record(otadata, sector, &record);
}

esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition)
{
    const esp_partition_t *otadata = find_otadata();
    if (partition == NULL || partition->type != ESP_PARTITION_TYPE_APP) {
        return ESP_ERR_INVALID_ARG;
    }
    if (image_verify(partition) != ESP_OK) {
        return ESP_ERR_OTA_VALIDATE_FAILED;
    }
    if (otadata == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    if (partition->subtype == ESP_PARTITION_SUBTYPE_APP_FACTORY) {
        return esp_partition_erase_range(otadata, 0, otadata->size);
    }
    if (!is_slot(partition)) {
        return ESP_ERR_INVALID_ARG;
    }
    return select_slot(otadata, (uint32_t)partition->subtype - ESP_PARTITION_SUBTYPE_APP_OTA_MIN, slot_count());
}
