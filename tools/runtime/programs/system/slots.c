/* SPDX-License-Identifier: MIT */
/* Who runs, who is next, who boots; then makes the next slot the boot slot. */
#include <stdio.h>

#include "esp_ota_ops.h"
#include "esp_spi_flash.h"

static void print_slot(const char *what, const esp_partition_t *partition)
{
    if (partition == NULL) {
        printf("%s none\n", what);
    } else {
        printf("%s %s 0x%x 0x%x %d/%d\n", what, partition->label, partition->address, partition->size,
               (int)partition->type, (int)partition->subtype);
    }
}

static void describe(const esp_partition_t *partition)
{
    esp_app_desc_t description;
    esp_err_t err = esp_ota_get_partition_description(partition, &description);
    if (err == ESP_OK) {
        printf("described %s %s\n", description.project_name, description.version);
    } else {
        printf("described 0x%x\n", (unsigned)err);
    }
}

void app_main(void);

void app_main(void)
{
    const esp_partition_t *running = esp_ota_get_running_partition();
    const esp_partition_t *next = esp_ota_get_next_update_partition(NULL);
    const esp_partition_t *nvs = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, NULL);
    print_slot("running", running);
    print_slot("next", next);
    print_slot("after next", esp_ota_get_next_update_partition(next));
    print_slot("boot", esp_ota_get_boot_partition());
    print_slot("named", esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_ANY, "ota_1"));
    print_slot("missing", esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_FACTORY, NULL));
    printf("chip 0x%x\n", (unsigned)spi_flash_get_chip_size());
    describe(running);
    describe(next);
    printf("refused 0x%x 0x%x\n", (unsigned)esp_ota_set_boot_partition(NULL), (unsigned)esp_ota_set_boot_partition(nvs));
    printf("before set\n");
    printf("set 0x%x\n", (unsigned)esp_ota_set_boot_partition(next));
    print_slot("now boots", esp_ota_get_boot_partition());
    printf("system test done\n");
}
