/* SPDX-License-Identifier: MIT */
/* Reads and writes of odd places and lengths, in the partition phy_init; sources in RAM and in mapped flash. */
#include <stdio.h>
#include <string.h>

#include "esp_partition.h"
#include "esp_spi_flash.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define AREA_BYTES 4096u

extern const char system_flash_text[40];

static uint8_t s_bytes[1200] __attribute__((aligned(4)));
static uint8_t s_copy[1200] __attribute__((aligned(4)));

static volatile uint32_t s_turns;

static void turn(void *argument)
{
    (void)argument;
    for (;;) {
        s_turns++;
        vTaskDelay(1);
    }
}

static const esp_partition_t *s_area;

/* Writes, reads back to another alignment, compares. */
static void try_length(uint32_t offset, uint32_t length, uint32_t from, uint32_t to)
{
    memset(s_copy, 0xee, sizeof(s_copy));
    esp_err_t err = esp_partition_erase_range(s_area, 0, AREA_BYTES);
    if (err == ESP_OK) {
        err = esp_partition_write(s_area, offset, s_bytes + from, length);
    }
    if (err == ESP_OK) {
        err = esp_partition_read(s_area, offset, s_copy + to, length);
    }
    bool is_same = memcmp(s_copy + to, s_bytes + from, length) == 0;
    bool is_bounded = s_copy[to + length] == 0xee && (to == 0 || s_copy[to - 1] == 0xee);
    if (err != ESP_OK || !is_same || !is_bounded) {
        printf("offset %u length %u from %u to %u: 0x%x %d %d\n", offset, length, from, to, (unsigned)err, is_same,
               is_bounded);
    }
}

void app_main(void);

void app_main(void)
{
    static const uint32_t s_lengths[] = {1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 255, 256, 257, 511, 512, 513, 1023, 1100};
    s_area = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_PHY, NULL);
    for (uint32_t i = 0; i < sizeof(s_bytes); i++) {
        s_bytes[i] = (uint8_t)(i * 7 + 1);
    }
    for (uint32_t i = 0; i < sizeof(s_lengths) / sizeof(s_lengths[0]); i++) {
        for (uint32_t shift = 0; shift < 4; shift++) {
            try_length(shift, s_lengths[i], (shift + 1) % 4, (shift + 2) % 4);
            try_length(253 + shift, s_lengths[i], shift, shift);
        }
    }
    printf("lengths done\n");

    /* Interrupts come and other tasks run between the pieces of a long work. */
    xTaskCreate(turn, "turn", 1024, NULL, 5, NULL);
    uint32_t turns = s_turns;
    TickType_t start = xTaskGetTickCount();
    while (xTaskGetTickCount() - start < 10) {
        (void)esp_partition_erase_range(s_area, 0, AREA_BYTES);
        (void)esp_partition_write(s_area, 0, s_bytes, 1024);
    }
    turns = s_turns - turns;
    printf("others ran %s\n", turns >= 9 && turns <= 11 ? "every tick" : "too seldom");

    (void)esp_partition_erase_range(s_area, 0, AREA_BYTES);
    printf("from flash 0x%x\n", (unsigned)esp_partition_write(s_area, 3, system_flash_text + 1, 36));
    /* Bits only fall: what stands beside a written piece stays. */
    printf("beside 0x%x\n", (unsigned)esp_partition_write(s_area, 39, s_bytes, 5));
    printf("limits 0x%x 0x%x 0x%x 0x%x 0x%x\n", (unsigned)esp_partition_write(s_area, 4000, s_bytes, 97),
           (unsigned)esp_partition_read(s_area, 4097, s_bytes, 0), (unsigned)esp_partition_erase_range(s_area, 1, 4000),
           (unsigned)esp_partition_erase_range(s_area, 0, 100), (unsigned)esp_partition_read(NULL, 0, s_bytes, 1));
    printf("chip limits 0x%x 0x%x 0x%x\n", (unsigned)spi_flash_read(0x400000, s_bytes, 4),
           (unsigned)spi_flash_write(spi_flash_get_chip_size() - 2, s_bytes, 4),
           (unsigned)spi_flash_erase_sector(spi_flash_get_chip_size() / 4096));
    printf("system test done\n");
}
