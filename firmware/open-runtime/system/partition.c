/* SPDX-License-Identifier: MIT */
/* The partition table at 0x8000, read once at start. Rows: boot/boot_table.c. */
#include <stdlib.h>
#include <string.h>

#include "esp_partition.h"
#include "esp_spi_flash.h"
#include "partition_table.h"
#include "sdkconfig.h"

#define MAX_ROWS 96u
#define ROW_MAGIC 0x50AA
#define LABEL_BYTES 16u

typedef struct row {
    uint16_t magic;
    uint8_t type;
    uint8_t subtype;
    uint32_t address;
    uint32_t size;
    char label[LABEL_BYTES];
    uint32_t flags;
} row_t;

static esp_partition_t *s_partitions;
static size_t s_count;

static bool read_row(size_t index, row_t *row)
{
    return index < MAX_ROWS &&
           spi_flash_read(CONFIG_PARTITION_TABLE_OFFSET + index * sizeof(*row), row, sizeof(*row)) == ESP_OK &&
           row->magic == ROW_MAGIC;
}

bool partition_table_load(void)
{
    row_t row;
    size_t count = 0;
    while (read_row(count, &row)) {
        count++;
    }
    s_partitions = calloc(count == 0 ? 1 : count, sizeof(*s_partitions));
    if (s_partitions == NULL) {
        return false;
    }
    for (size_t i = 0; i < count && read_row(i, &row); i++) {
        esp_partition_t *partition = &s_partitions[i];
        partition->type = (esp_partition_type_t)row.type;
        partition->subtype = (esp_partition_subtype_t)row.subtype;
        partition->address = row.address;
        partition->size = row.size;
        memcpy(partition->label, row.label, LABEL_BYTES);
        partition->encrypted = (row.flags & 1) != 0;
    }
    s_count = count;
    return true;
}

const esp_partition_t *partition_table_at(size_t index)
{
    return index < s_count ? &s_partitions[index] : NULL;
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label)
{
    for (size_t i = 0; i < s_count; i++) {
        const esp_partition_t *partition = &s_partitions[i];
        if (partition->type == type && (subtype == ESP_PARTITION_SUBTYPE_ANY || partition->subtype == subtype) &&
            (label == NULL || strcmp(partition->label, label) == 0)) {
            return partition;
        }
    }
    return NULL;
}

static esp_err_t check(const esp_partition_t *partition, size_t offset, size_t size)
{
    if (partition == NULL || offset > partition->size) {
        return ESP_ERR_INVALID_ARG;
    }
    return size > partition->size - offset ? ESP_ERR_INVALID_SIZE : ESP_OK;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *destination, size_t size)
{
    esp_err_t err = check(partition, offset, size);
    return err != ESP_OK ? err : spi_flash_read(partition->address + offset, destination, size);
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *source, size_t size)
{
    esp_err_t err = check(partition, offset, size);
    return err != ESP_OK ? err : spi_flash_write(partition->address + offset, source, size);
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    esp_err_t err = check(partition, offset, size);
    return err != ESP_OK ? err : spi_flash_erase_range(partition->address + offset, size);
}
