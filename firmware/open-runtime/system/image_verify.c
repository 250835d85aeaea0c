/* SPDX-License-Identifier: MIT */
/* Format: boot/boot_image.c. The SHA-256 is not looked at, as by the SDK in its default configuration. */
#include "image_verify.h"

#include <stdint.h>

#include "esp_log.h"

#define IMAGE_MAGIC 0xE9
#define MAX_SEGMENTS 16
#define CHECKSUM_SEED 0xEFu
#define PIECE_BYTES 256u
#define FLASH_WINDOW 0x40200000u
#define FLASH_WINDOW_END 0x40300000u

#define ESP_ERR_IMAGE_BASE 0x2000
#define ESP_ERR_IMAGE_FLASH_FAIL (ESP_ERR_IMAGE_BASE + 1)
#define ESP_ERR_IMAGE_INVALID (ESP_ERR_IMAGE_BASE + 2)

static const char TAG[] = "esp_image";

typedef struct header {
    uint8_t magic;
    uint8_t segment_count;
    uint8_t spi_mode;
    uint8_t speed_and_size;
    uint32_t entry;
} header_t;

typedef struct segment {
    uint32_t load_addr;
    uint32_t length;
} segment_t;

static esp_err_t add_checksum(const esp_partition_t *partition, uint32_t offset, uint32_t length, uint32_t *folded)
{
    uint32_t words[PIECE_BYTES / 4];
    while (length > 0) {
        uint32_t bytes = length < PIECE_BYTES ? length : PIECE_BYTES;
        esp_err_t err = esp_partition_read(partition, offset, words, bytes);
        if (err != ESP_OK) {
            return err;
        }
        for (uint32_t i = 0; i < bytes / 4; i++) {
            *folded ^= words[i];
        }
        offset += bytes;
        length -= bytes;
    }
    return ESP_OK;
}

static uint32_t fold(uint32_t word)
{
    return (word ^ (word >> 8) ^ (word >> 16) ^ (word >> 24)) & 0xff;
}

/* A segment; `offset` moves behind it. */
static esp_err_t verify_segment(const esp_partition_t *partition, int index, uint32_t *offset, uint32_t *folded)
{
    segment_t segment;
    if (esp_partition_read(partition, *offset, &segment, sizeof(segment)) != ESP_OK) {
        return ESP_ERR_IMAGE_FLASH_FAIL;
    }
    *offset += (uint32_t)sizeof(segment);
    if (segment.length % 4 != 0) {
        ESP_LOGE(TAG, "unaligned segment length 0x%x", segment.length);
        return ESP_ERR_IMAGE_INVALID;
    }
    bool is_mapped = segment.load_addr >= FLASH_WINDOW && segment.load_addr < FLASH_WINDOW_END;
    ESP_LOGI(TAG, "segment %d: paddr=0x%08x vaddr=0x%08x size=0x%05x (%6d) %s", index, partition->address + *offset,
             segment.load_addr, segment.length, (int)segment.length, is_mapped ? "map" : "");
    if (segment.length > partition->size || add_checksum(partition, *offset, segment.length, folded) != ESP_OK) {
        ESP_LOGE(TAG, "segment %d ends beyond its partition", index);
        return ESP_ERR_IMAGE_FLASH_FAIL;
    }
    *offset += segment.length;
    return ESP_OK;
}

esp_err_t image_verify(const esp_partition_t *partition)
{
    header_t header;
    uint32_t folded = 0;
    uint32_t offset = (uint32_t)sizeof(header);
    if (esp_partition_read(partition, 0, &header, sizeof(header)) != ESP_OK) {
        return ESP_ERR_IMAGE_FLASH_FAIL;
    }
    if (header.magic != IMAGE_MAGIC) {
        ESP_LOGE(TAG, "image at 0x%x has invalid magic byte", partition->address);
        return ESP_ERR_IMAGE_INVALID;
    }
    if (header.segment_count > MAX_SEGMENTS) {
        ESP_LOGE(TAG, "image at 0x%x segment count %d exceeds max %d", partition->address, header.segment_count,
                 MAX_SEGMENTS);
        return ESP_ERR_IMAGE_INVALID;
    }
    for (int i = 0; i < header.segment_count; i++) {
        esp_err_t err = verify_segment(partition, i, &offset, &folded);
        if (err != ESP_OK) {
            return err;
        }
    }
    /* The checksum byte is the last of a block of 16. */
    uint32_t length = (offset & ~15u) + 16;
    uint32_t last;
    if (length > partition->size) {
        ESP_LOGE(TAG, "Image length %d doesn't fit in partition length %d", (int)length, (int)partition->size);
        return ESP_ERR_IMAGE_INVALID;
    }
    if (esp_partition_read(partition, length - 4, &last, sizeof(last)) != ESP_OK) {
        return ESP_ERR_IMAGE_FLASH_FAIL;
    }
    uint32_t calculated = CHECKSUM_SEED ^ fold(folded);
    if (last >> 24 != calculated) {
        ESP_LOGE(TAG, "Checksum failed. Calculated 0x%x read 0x%x", calculated, last >> 24);
        return ESP_ERR_IMAGE_INVALID;
    }
    return ESP_OK;
}
