/* SPDX-License-Identifier: MIT */
/*
 * NVS, reading. Pages of 4 KiB: header {state, sequence, version, ..., CRC}, a table of two bits an entry, 126 entries of 32
 * bytes. An entry: namespace, type, span, chunk, CRC, key of 16 bytes, 8 bytes of data. Namespaces are entries of namespace 0
 * whose value is their number. Source: ESP8266_RTOS_SDK components/nvs_flash/src/nvs_page.hpp, nvs_types.hpp.
 */
#include "nvs.h"

#include <stdbool.h>
#include <string.h>

#include "crc32.h"
#include "esp_partition.h"
#include "nvs_flash.h"

#define PAGE_BYTES 4096u
#define TABLE_OFFSET 32u
#define ENTRIES_OFFSET 64u
#define ENTRY_COUNT 126u
#define ENTRY_BYTES 32u
#define KEY_BYTES 16u

#define STATE_EMPTY 0xFFFFFFFFu
#define STATE_ACTIVE 0xFFFFFFFEu
#define STATE_FULL 0xFFFFFFFCu
#define STATE_FREEING 0xFFFFFFF8u
/* Formats count downwards from 0xFF. */
#define VERSION_NEWEST_KNOWN 0xFEu
#define ENTRY_WRITTEN 2u

#define TYPE_U8 0x01u
#define TYPE_STRING 0x21u

typedef struct page_header {
    uint32_t state;
    uint32_t sequence;
    uint8_t version;
    uint8_t unused[19];
    uint32_t crc;
} page_header_t;

typedef struct entry {
    uint8_t name_space;
    uint8_t type;
    uint8_t span;
    uint8_t chunk;
    uint32_t crc;
    char key[KEY_BYTES];
    uint16_t size_bytes; /* of a string; the first byte of a number */
    uint16_t unused;
    uint32_t data_crc;
} entry_t;

_Static_assert(sizeof(page_header_t) == ENTRY_BYTES && sizeof(entry_t) == ENTRY_BYTES, "all of 32 bytes");

/* Where a search has found something. */
typedef struct found {
    entry_t entry;
    size_t data_offset;
} found_t;

static const esp_partition_t *s_partition;

static bool read(size_t offset, void *bytes, size_t length)
{
    return esp_partition_read(s_partition, offset, bytes, length) == ESP_OK;
}

static bool is_live(const page_header_t *header)
{
    if (header->state != STATE_ACTIVE && header->state != STATE_FULL && header->state != STATE_FREEING) {
        return false;
    }
    return header->crc == system_crc32(SYSTEM_CRC32_START, &header->sequence, sizeof(*header) - 8);
}

static bool is_intact(const entry_t *entry, size_t index)
{
    uint32_t crc = system_crc32(SYSTEM_CRC32_START, entry, 4);
    crc = system_crc32(crc, entry->key, sizeof(*entry) - 8);
    return entry->crc == crc && entry->span > 0 && index + entry->span <= ENTRY_COUNT;
}

/* The last entry of a page that fits; of two the later one counts. */
static bool search_page(size_t page, uint8_t name_space, uint8_t type, const char *key, found_t *found)
{
    uint8_t table[ENTRIES_OFFSET - TABLE_OFFSET];
    bool has_found = false;
    if (!read(page + TABLE_OFFSET, table, sizeof(table))) {
        return false;
    }
    for (size_t index = 0; index < ENTRY_COUNT;) {
        entry_t entry;
        size_t offset = page + ENTRIES_OFFSET + index * ENTRY_BYTES;
        unsigned state = (table[index / 4] >> (index % 4 * 2)) & 3u;
        if (state != ENTRY_WRITTEN || !read(offset, &entry, sizeof(entry)) || !is_intact(&entry, index)) {
            index++;
            continue;
        }
        if (entry.name_space == name_space && entry.type == type && strncmp(entry.key, key, KEY_BYTES) == 0) {
            found->entry = entry;
            found->data_offset = offset + ENTRY_BYTES;
            has_found = true;
        }
        index += entry.span;
    }
    return has_found;
}

/* Over all live pages; the page with the larger sequence counts. */
static bool search(uint8_t name_space, uint8_t type, const char *key, found_t *found)
{
    bool has_found = false;
    uint32_t best = 0;
    for (size_t page = 0; page + PAGE_BYTES <= s_partition->size; page += PAGE_BYTES) {
        page_header_t header;
        found_t here;
        if (!read(page, &header, sizeof(header)) || !is_live(&header) || (has_found && header.sequence < best)) {
            continue;
        }
        if (search_page(page, name_space, type, key, &here)) {
            *found = here;
            best = header.sequence;
            has_found = true;
        }
    }
    return has_found;
}

esp_err_t nvs_flash_init(void)
{
    size_t free_pages = 0;
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, NULL);
    s_partition = NULL;
    if (partition == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    for (size_t page = 0; page + PAGE_BYTES <= partition->size; page += PAGE_BYTES) {
        page_header_t header;
        esp_err_t err = esp_partition_read(partition, page, &header, sizeof(header));
        if (err != ESP_OK) {
            return err;
        }
        if (!is_live(&header)) {
            free_pages++;
        } else if (header.version < VERSION_NEWEST_KNOWN) {
            return ESP_ERR_NVS_NEW_VERSION_FOUND;
        }
    }
    if (free_pages == 0) {
        return ESP_ERR_NVS_NO_FREE_PAGES;
    }
    s_partition = partition;
    return ESP_OK;
}

esp_err_t nvs_flash_erase(void)
{
    const esp_partition_t *partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, NULL);
    s_partition = NULL;
    return partition == NULL ? ESP_ERR_NOT_FOUND : esp_partition_erase_range(partition, 0, partition->size);
}

esp_err_t nvs_open(const char *name, nvs_open_mode_t mode, nvs_handle_t *handle)
{
    found_t found;
    if (s_partition == NULL) {
        return ESP_ERR_NVS_NOT_INITIALIZED;
    }
    if (mode != NVS_READONLY) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    if (strlen(name) >= KEY_BYTES) {
        return ESP_ERR_NVS_INVALID_NAME;
    }
    if (!search(0, TYPE_U8, name, &found)) {
        return ESP_ERR_NVS_NOT_FOUND;
    }
    /* The handle is the namespace's number, which is never 0. */
    *handle = found.entry.size_bytes & 0xffu;
    return ESP_OK;
}

void nvs_close(nvs_handle_t handle)
{
    (void)handle;
}

esp_err_t nvs_get_str(nvs_handle_t handle, const char *key, char *value, size_t *length)
{
    found_t found;
    if (s_partition == NULL) {
        return ESP_ERR_NVS_NOT_INITIALIZED;
    }
    if (handle == 0 || handle > 0xff) {
        return ESP_ERR_NVS_INVALID_HANDLE;
    }
    if (strlen(key) >= KEY_BYTES) {
        return ESP_ERR_NVS_KEY_TOO_LONG;
    }
    if (!search((uint8_t)handle, TYPE_STRING, key, &found) || found.entry.size_bytes == 0 ||
        found.entry.size_bytes > (found.entry.span - 1u) * ENTRY_BYTES) {
        return ESP_ERR_NVS_NOT_FOUND;
    }
    size_t size_bytes = found.entry.size_bytes;
    size_t room = *length;
    *length = size_bytes;
    if (value == NULL) {
        return ESP_OK;
    }
    if (room < size_bytes) {
        return ESP_ERR_NVS_INVALID_LENGTH;
    }
    esp_err_t err = esp_partition_read(s_partition, found.data_offset, value, size_bytes);
    if (err == ESP_OK && system_crc32(SYSTEM_CRC32_START, value, size_bytes) != found.entry.data_crc) {
        err = ESP_ERR_NVS_NOT_FOUND;
    }
    if (err != ESP_OK) {
        value[0] = '\0';
        return err;
    }
    value[size_bytes - 1] = '\0';
    return ESP_OK;
}
