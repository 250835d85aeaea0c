/* SPDX-License-Identifier: MIT */
#ifndef DRIVER_UART_H
#define DRIVER_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes from UART0, under the names of ESP8266_RTOS_SDK. Sending is stdout's: there is no driver for it here. */

#define UART_FIFO_LEN 128

typedef enum {
    UART_NUM_0 = 0,
    UART_NUM_1 = 1, /* has no RXD */
} uart_port_t;

/*
 * Takes UART0's received bytes from now on, at whatever rate it is set to; those that had come before are forgotten.
 * `rx_buffer_bytes` above UART_FIFO_LEN. ESP_ERR_INVALID_ARG otherwise, and for another UART; ESP_ERR_NOT_SUPPORTED for a
 * buffer to send from or a queue of events; ESP_FAIL when it is installed already, or without memory.
 */
esp_err_t uart_driver_install(uart_port_t uart, int rx_buffer_bytes, int tx_buffer_bytes, int queue_length,
                              QueueHandle_t *queue, int no_use);
/* Nobody may be reading any more. ESP_OK also when it is not installed. */
esp_err_t uart_driver_delete(uart_port_t uart);
bool uart_is_driver_installed(uart_port_t uart);

/* Waits until `length` bytes have come, each of them for at most `ticks`. How many there are, or -1 without the driver. */
int uart_read_bytes(uart_port_t uart, uint8_t *bytes, uint32_t length, TickType_t ticks);
/* How many can be read without waiting. */
esp_err_t uart_get_buffered_data_len(uart_port_t uart, size_t *length);

#ifdef __cplusplus
}
#endif

#endif
