/* SPDX-License-Identifier: MIT */
/* Bytes from UART0: what the driver refuses, waits for, keeps, and goes on with after its buffer was full. */
#include <stdio.h>

#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define BUFFER_BYTES 160

static void show(const char *what, int result)
{
    printf("%s %d\n", what, result);
}

/* Reads until nothing has come for `ticks`; answers the count, and in `sum` what the bytes make together. */
static uint32_t read_all(TickType_t ticks, uint32_t *sum)
{
    uint8_t bytes[48];
    uint32_t count = 0;
    int length;
    *sum = 0;
    while ((length = uart_read_bytes(UART_NUM_0, bytes, sizeof(bytes), ticks)) > 0) {
        for (int i = 0; i < length; i++) {
            *sum = *sum * 31u + bytes[i];
        }
        count += (uint32_t)length;
    }
    return count;
}

void app_main(void);

void app_main(void)
{
    uint8_t bytes[16];
    size_t waiting = 77;
    uint32_t sum;

    show("read without", uart_read_bytes(UART_NUM_0, bytes, 1, 0));
    show("length without", uart_get_buffered_data_len(UART_NUM_0, &waiting));
    show("delete without", uart_driver_delete(UART_NUM_0));
    show("small", uart_driver_install(UART_NUM_0, UART_FIFO_LEN, 0, 0, NULL, 0));
    show("other uart", uart_driver_install(UART_NUM_1, BUFFER_BYTES, 0, 0, NULL, 0));
    show("sends", uart_driver_install(UART_NUM_0, BUFFER_BYTES, 256, 0, NULL, 0));
    show("is installed", uart_is_driver_installed(UART_NUM_0));
    printf("wants bytes before\n");
    vTaskDelay(20);
    show("install", uart_driver_install(UART_NUM_0, BUFFER_BYTES, 0, 0, NULL, 0));
    show("again", uart_driver_install(UART_NUM_0, BUFFER_BYTES, 0, 0, NULL, 0));
    show("is installed", uart_is_driver_installed(UART_NUM_0));
    show("nothing came", uart_read_bytes(UART_NUM_0, bytes, 4, 3));

    printf("wants 5 bytes\n");
    TickType_t start = xTaskGetTickCount();
    show("five", uart_read_bytes(UART_NUM_0, bytes, 5, portMAX_DELAY));
    printf("%.5s, waited %s\n", (const char *)bytes, xTaskGetTickCount() - start < 50 ? "not long" : "long");

    printf("wants 3 bytes\n");
    show("three of ten", uart_read_bytes(UART_NUM_0, bytes, 10, 10));

    printf("wants 200 bytes\n");
    vTaskDelay(50);
    (void)uart_get_buffered_data_len(UART_NUM_0, &waiting);
    show("waiting", (int)waiting);
    uint32_t count = read_all(10, &sum);
    printf("read %u, sum 0x%08x\n", (unsigned)count, (unsigned)sum);

    printf("wants 400 bytes\n");
    vTaskDelay(100);
    count = read_all(10, &sum);
    printf("read %u, sum 0x%08x\n", (unsigned)count, (unsigned)sum);

    printf("wants 2 bytes\n");
    show("two", uart_read_bytes(UART_NUM_0, bytes, 2, portMAX_DELAY));
    printf("%.2s\n", (const char *)bytes);
    show("delete", uart_driver_delete(UART_NUM_0));
    show("is installed", uart_is_driver_installed(UART_NUM_0));
    printf("system test done\n");
}
