/* SPDX-License-Identifier: MIT */
/*
 * esp_ota_begin/write/end are not used: they erase the whole slot at once (seconds in which nobody is answered), one sector
 * more than needed when the image ends with a sector (and so cannot fill a slot), and check the link address by a rule
 * of their own. esp_ota_set_boot_partition() is: it verifies the image in flash once more and writes otadata, into the sector
 * that does not hold the present record.
 */
#include "esp8266_port.h"

#include <string.h>

#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "image_check.h"

static const esp_partition_t *next_partition(void)
{
    return esp_ota_get_next_update_partition(NULL);
}

static void describe(const esp_partition_t *partition, sse_ota_slot_t *slot)
{
    slot->flash_offset = partition->address;
    slot->size_bytes = partition->size;
    memset(slot->label, 0, sizeof(slot->label));
    strncpy(slot->label, partition->label, sizeof(slot->label) - 1);
}

static sse_ota_err_t port_slots(void *context, sse_ota_slot_t *running, sse_ota_slot_t *next)
{
    (void)context;
    const esp_partition_t *from = esp_ota_get_running_partition();
    const esp_partition_t *to = next_partition();
    if (from == NULL || to == NULL || from == to) {
        return SSE_OTA_ERR_NO_SLOT;
    }
    describe(from, running);
    describe(to, next);
    return SSE_OTA_OK;
}

static sse_ota_err_t result_of(esp_err_t err)
{
    return err == ESP_OK ? SSE_OTA_OK : SSE_OTA_REFUSE_FLASH;
}

/*
 * Without a valid record esp_ota_get_boot_partition() tells, as the boot loader does it, the factory app or else the first slot: so
 * a new board that runs its first slot has nothing written. otadata cannot select a test app, which the boot loader takes when it
 * finds no other.
 */
static sse_ota_err_t port_keep_boot(void *context)
{
    (void)context;
    const esp_partition_t *running = esp_ota_get_running_partition();
    if (esp_ota_get_boot_partition() == running) {
        return SSE_OTA_OK;
    }
    if (running->subtype == ESP_PARTITION_SUBTYPE_APP_TEST) {
        return SSE_OTA_REFUSE_FLASH;
    }
    return result_of(esp_ota_set_boot_partition(running));
}

static sse_ota_err_t port_erase_sector(void *context, uint32_t offset)
{
    (void)context;
    return result_of(esp_partition_erase_range(next_partition(), offset, SSE_OTA_SECTOR_BYTES));
}

static sse_ota_err_t port_write(void *context, uint32_t offset, const void *bytes, size_t length)
{
    (void)context;
    return result_of(esp_partition_write(next_partition(), offset, bytes, length));
}

static sse_ota_err_t port_read(void *context, uint32_t offset, void *bytes, size_t length)
{
    (void)context;
    return result_of(esp_partition_read(next_partition(), offset, bytes, length));
}

static sse_ota_err_t port_set_boot(void *context)
{
    (void)context;
    return result_of(esp_ota_set_boot_partition(next_partition()));
}

void sse_ota_esp8266_slots(sse_ota_port_t *port)
{
    port->slots = port_slots;
    port->keep_boot = port_keep_boot;
    port->erase_sector = port_erase_sector;
    port->write = port_write;
    port->read = port_read;
    port->set_boot = port_set_boot;
}
