/* SPDX-License-Identifier: MIT */
/*
 * UART0's received bytes: an interrupt moves them from the FIFO (128 bytes) into a queue. When that is full they stay where
 * they are until somebody reads, and what finds the FIFO full is lost, as with the SDK. Thresholds as the SDK's.
 */
#include "driver/uart.h"

#include "kernel/interrupts.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define UART_FIFO REG(0x60000000)
#define UART_INT_ENA REG(0x6000000c) /* interrupts that are let through */
#define UART_INT_CLR REG(0x60000010)
#define UART_STATUS REG(0x6000001c)
#define UART_CONF0 REG(0x60000020)
#define UART_CONF1 REG(0x60000024) /* thresholds */

#define RX_COUNT(status) ((status) & 0xffu)
#define RXFIFO_RST (1u << 17)

#define RXFIFO_FULL (1u << 0)
#define RXFIFO_OVF (1u << 4)
#define RXFIFO_TOUT (1u << 8) /* nothing more has come for a while */
#define WANTED (RXFIFO_FULL | RXFIFO_TOUT)
#define ALL_INTERRUPTS 0x1ffu

#define FULL_MASK 0x7fu
#define FULL_BYTES 120u
#define TOUT_MASK 0xff000000u
#define TOUT_ENABLE (1u << 31)
#define TOUT_FRAMES (10u << 24)

static QueueHandle_t s_received;

static void IRAM_ATTR on_interrupt(void *argument)
{
    (void)argument;
    while (RX_COUNT(UART_STATUS) != 0) {
        if (xQueueIsQueueFullFromISR(s_received) == pdTRUE) {
            /* It is a level: it would come for ever. uart_read_bytes() lets it through again. */
            UART_INT_ENA &= ~WANTED;
            break;
        }
        uint8_t byte = (uint8_t)UART_FIFO;
        (void)xQueueSendToBackFromISR(s_received, &byte, NULL);
    }
    UART_INT_CLR = WANTED | RXFIFO_OVF;
}

static bool is_ours(uart_port_t uart)
{
    return uart == UART_NUM_0;
}

esp_err_t uart_driver_install(uart_port_t uart, int rx_buffer_bytes, int tx_buffer_bytes, int queue_length,
                              QueueHandle_t *queue, int no_use)
{
    (void)no_use;
    if (!is_ours(uart) || rx_buffer_bytes <= UART_FIFO_LEN || tx_buffer_bytes < 0 || queue_length < 0) {
        return ESP_ERR_INVALID_ARG;
    }
    if (tx_buffer_bytes != 0 || queue != NULL) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    if (s_received != NULL) {
        return ESP_FAIL;
    }
    s_received = xQueueCreate((UBaseType_t)rx_buffer_bytes, 1);
    if (s_received == NULL) {
        return ESP_FAIL;
    }
    UART_CONF0 |= RXFIFO_RST;
    UART_CONF0 &= ~RXFIFO_RST;
    UART_CONF1 = (UART_CONF1 & ~(FULL_MASK | TOUT_MASK)) | FULL_BYTES | TOUT_FRAMES | TOUT_ENABLE;
    UART_INT_CLR = ALL_INTERRUPTS;
    UART_INT_ENA = WANTED;
    _xt_isr_attach(INTERRUPT_UART, on_interrupt, NULL);
    (void)_xt_isr_unmask(1u << INTERRUPT_UART);
    return ESP_OK;
}

esp_err_t uart_driver_delete(uart_port_t uart)
{
    if (!is_ours(uart)) {
        return ESP_ERR_INVALID_ARG;
    }
    if (s_received != NULL) {
        UART_INT_ENA = 0;
        (void)_xt_isr_mask(1u << INTERRUPT_UART);
        vQueueDelete(s_received);
        s_received = NULL;
    }
    return ESP_OK;
}

bool uart_is_driver_installed(uart_port_t uart)
{
    return is_ours(uart) && s_received != NULL;
}

int uart_read_bytes(uart_port_t uart, uint8_t *bytes, uint32_t length, TickType_t ticks)
{
    if (!uart_is_driver_installed(uart) || bytes == NULL) {
        return -1;
    }
    uint32_t count = 0;
    while (count < length && xQueueReceive(s_received, &bytes[count], ticks) == pdPASS) {
        count++;
        uint32_t ps = kernel_lock();
        UART_INT_ENA |= WANTED;
        kernel_unlock(ps);
    }
    return (int)count;
}

esp_err_t uart_get_buffered_data_len(uart_port_t uart, size_t *length)
{
    if (!uart_is_driver_installed(uart) || length == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    *length = uxQueueMessagesWaiting(s_received);
    return ESP_OK;
}
