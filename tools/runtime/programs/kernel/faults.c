/* SPDX-License-Identifier: MIT */
/* Ways to die. The letter of the day stands in the flash at 0xF000; only the first start takes it. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_err.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "kernel/interrupts.h"
#include "kernel/nmi.h"

#define LETTER (*(const volatile uint32_t *)0x4020f000u & 0xffu)
/* User part of RTC memory: survives everything but the power. */
#define STARTS (*(volatile uint32_t *)0x60001200u)
#define FIRST_START 0xa5a5a5a5u

static volatile uint32_t s_zero;

__attribute__((noinline)) static void innermost(volatile uint32_t *address)
{
    *address = 1;
}

__attribute__((noinline)) static void middle(volatile uint32_t *address)
{
    volatile uint32_t room[8];
    room[0] = 1;
    innermost(address + room[0] - 1);
    room[1] = 2;
}

__attribute__((noinline)) static uint32_t deeper(uint32_t depth)
{
    volatile uint32_t room[28];
    for (uint32_t i = 0; i < 28; i++) {
        room[i] = depth;
    }
    if (depth != 0) {
        room[1] = deeper(depth - 1);
    }
    return room[0] + room[1];
}

static void overflow(void *argument)
{
    (void)argument;
    printf("%u\n", (unsigned)deeper(8));
    vTaskDelay(2);
    for (;;) {
    }
}

static void in_interrupt(void *argument)
{
    (void)argument;
    middle((volatile uint32_t *)16);
}

static void hang(void *argument)
{
    (void)argument;
    for (;;) {
    }
}

static esp_err_t refuse(void)
{
    return 0x1102;
}

static void on_shutdown(void)
{
    printf("shutdown handler\n");
}

__attribute__((noinline)) static void die(char letter)
{
    char *block;
    uint32_t word;
    switch (letter) {
    case 's':
        middle((volatile uint32_t *)s_zero);
        break;
    case 'l':
        s_zero = *(volatile uint32_t *)(s_zero + 4);
        break;
    case 'i':
        __asm__ volatile("ill");
        break;
    case 'j':
        ((void (*)(void))s_zero)();
        break;
    case 'u':
        __asm__ volatile("l32i %0, %1, 0" : "=a"(word) : "a"((uintptr_t)&s_zero + 2));
        s_zero = word;
        break;
    case 'f':
        *(volatile uint8_t *)0x40210010u = 0;
        break;
    case 'o':
        xTaskCreate(overflow, "small", 1024, NULL, 3, NULL);
        break;
    case 'a':
        abort();
    case 't':
        assert(s_zero == 1);
        break;
    case 'e':
        ESP_ERROR_CHECK_WITHOUT_ABORT(refuse());
        ESP_ERROR_CHECK(refuse());
        break;
    case 'h':
        xTaskCreate(hang, "hog", 768, NULL, 3, NULL);
        break;
    case 'm':
        taskENTER_CRITICAL();
        hang(NULL);
        break;
    case 'd':
        block = malloc(10);
        free(block);
        free(block);
        break;
    case 'c':
        taskENTER_CRITICAL();
        vTaskDelay(1);
        break;
    case 'q':
        kernel_soft_interrupt_raise(kernel_soft_interrupt(in_interrupt, NULL));
        break;
    case 'r':
        esp_register_shutdown_handler(on_shutdown);
        esp_restart();
    default:
        break;
    }
}

void app_main(void)
{
    bool is_first = STARTS == FIRST_START || STARTS == 0;
    STARTS = is_first ? 1 : STARTS + 1;
    printf("start %u, reason %d\n", (unsigned)STARTS, esp_reset_reason());
    if (is_first) {
        die((char)LETTER);
    } else {
        printf("kernel test done\n");
    }
    for (;;) {
        vTaskDelay(100);
    }
}
