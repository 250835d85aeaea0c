/* SPDX-License-Identifier: MIT */
/* Heap, narrow access, stacks, errno, the printf family, the log and its hook, identity. One line a finding. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "esp_system.h"
#include "flash_constant.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "kernel/interrupts.h"

static uint32_t s_random = 0x2545f491;

static uint32_t random_word(void)
{
    s_random ^= s_random << 13;
    s_random ^= s_random >> 17;
    s_random ^= s_random << 5;
    return s_random;
}

static uint32_t largest_block(void)
{
    uint32_t low = 0;
    uint32_t high = 0x18000;
    while (high - low > 8) {
        uint32_t middle = (low + high) / 2;
        void *memory = malloc(middle);
        if (memory != NULL) {
            low = middle;
        } else {
            high = middle;
        }
        free(memory);
    }
    return low;
}

/* Thousands of blocks of any size, taken and given back in any order: contents stay, and all is one piece again. */
static void heap(void)
{
    enum { BLOCKS = 48 };
    static uint8_t *blocks[BLOCKS];
    static uint32_t sizes[BLOCKS];
    uint32_t free_before = esp_get_free_heap_size();
    uint32_t largest_before = largest_block();
    uint32_t spoilt = 0;
    uint32_t refused = 0;
    for (uint32_t i = 0; i < 6000; i++) {
        uint32_t which = random_word() % BLOCKS;
        uint8_t mark = (uint8_t)(which * 7u + 1u);
        for (uint32_t at = 0; at < sizes[which]; at++) {
            spoilt += blocks[which][at] != mark;
        }
        uint32_t size = random_word() % 5 == 0 ? random_word() % 3000 : random_word() % 100;
        if (random_word() % 3 == 0 && blocks[which] != NULL && size != 0) {
            uint8_t *moved = realloc(blocks[which], size);
            if (moved == NULL) {
                refused++;
                continue;
            }
            for (uint32_t at = 0; at < (size < sizes[which] ? size : sizes[which]); at++) {
                spoilt += moved[at] != mark;
            }
            blocks[which] = moved;
        } else {
            free(blocks[which]);
            blocks[which] = malloc(size);
        }
        sizes[which] = blocks[which] != NULL ? size : 0;
        refused += blocks[which] == NULL && size != 0;
        if (blocks[which] != NULL) {
            memset(blocks[which], mark, sizes[which]);
            spoilt += ((uintptr_t)blocks[which] & 7u) != 0;
        }
    }
    uint32_t lowest = esp_get_minimum_free_heap_size();
    for (uint32_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    printf("heap: %u bytes spoilt, %u refused, all back %d, in one piece %d, lowest below %d\n", (unsigned)spoilt,
           (unsigned)refused, esp_get_free_heap_size() == free_before, largest_block() == largest_before,
           lowest < free_before && esp_get_minimum_free_heap_size() <= lowest);
    printf("heap size: %u free\n", (unsigned)free_before);
    volatile size_t many = 0x10000;
    void *none = malloc(0x17000);
    void *wide = calloc(many, many + 1);
    printf("too much: %d %d\n", none == NULL, wide == NULL);
}

static uint8_t IRAM_ATTR first_byte_of_code(void)
{
    return 1;
}

/* Everything by bytes and halves where the chip reads words only, into each register that the compiler takes. */
static void narrow_access(void)
{
    const volatile char *text = flash_text;
    char copy[sizeof(flash_text)];
    for (uint32_t i = 0; i < sizeof(copy); i++) {
        copy[i] = text[i];
    }
    printf("bytes: %s\n", copy);
    const volatile uint16_t *halves = flash_halves;
    const volatile int16_t *whole = (const volatile int16_t *)flash_halves;
    printf("halves:");
    for (uint32_t i = 0; i < 8; i++) {
        printf(" %x/%d", halves[i], whole[i]);
    }
    printf("\n");
    /* Each register from a2 to a15 in turn. */
    uint32_t sum = 0;
#define LOAD(reg)                                                                                                      \
    do {                                                                                                               \
        uint32_t value;                                                                                                \
        __asm__ volatile("l8ui " reg ", %1, 11\n\tmov %0, " reg : "=a"(value) : "a"(flash_text) : reg);                \
        sum = sum * 3 + (value == 'b');                                                                                \
    } while (0)
    LOAD("a2");
    LOAD("a3");
    LOAD("a4");
    LOAD("a5");
    LOAD("a6");
    LOAD("a7");
    LOAD("a8");
    LOAD("a9");
    LOAD("a10");
    LOAD("a11");
    LOAD("a12");
    LOAD("a13");
    LOAD("a14");
    LOAD("a15");
    printf("registers: %u\n", (unsigned)sum);
    uint32_t word;
    volatile uint8_t *code = (volatile uint8_t *)(uintptr_t)((uint32_t)(uintptr_t)first_byte_of_code & ~3u);
    word = *(volatile uint32_t *)code;
    code[1] = 0x5a;
    *(volatile uint16_t *)(void *)(code + 2) = 0xa5c3;
    uint32_t changed = *(volatile uint32_t *)code;
    bool is_right = changed == ((word & 0xffu) | 0xa5c35a00u) && code[3] == 0xa5;
    *(volatile uint32_t *)code = word;
    printf("stores to IRAM: %d, runs as before %u\n", is_right, first_byte_of_code());
    uint32_t ps = kernel_lock();
    uint32_t from = kernel_ccount();
    (void)*(text + 5);
    uint32_t cycles = kernel_ccount() - from;
    kernel_unlock(ps);
    printf("cycles of a byte from flash: %u\n", (unsigned)cycles);
}

static void set_errno(void *argument)
{
    errno = 5;
    vTaskDelay(3);
    *(int *)argument = errno;
    vTaskDelete(NULL);
}

static void errors(void)
{
    static int seen;
    errno = 7;
    xTaskCreate(set_errno, "errno", 768, &seen, 3, NULL);
    vTaskDelay(1);
    int own = errno;
    errno = 9;
    vTaskDelay(5);
    printf("errno: %d %d %d\n", own, seen, errno);
}

static void use_stack(void *argument)
{
    volatile uint8_t room[600];
    room[0] = 1;
    room[sizeof(room) - 1] = 2;
    for (uint32_t i = 0; i < sizeof(room); i++) {
        room[i] = (uint8_t)i;
    }
    *(UBaseType_t *)argument = uxTaskGetStackHighWaterMark(NULL);
    vTaskDelete(NULL);
}

static void stacks(void)
{
    static UBaseType_t left;
    xTaskCreate(use_stack, "stack", 1024, &left, 3, NULL);
    vTaskDelay(2);
    printf("stack of 1024 after 600: %d, own left %d\n", left > 200 && left < 424, uxTaskGetStackHighWaterMark(NULL) > 1000);
}

static char s_hooked[200];
static uint32_t s_hooked_count;
static putchar_like_t s_before;

static int hooked(int character)
{
    if (s_hooked_count < sizeof(s_hooked) - 1) {
        s_hooked[s_hooked_count++] = (char)character;
    }
    return s_before(character);
}

static void log_lines(void *argument)
{
    for (int i = 0; i < 8; i++) {
        ESP_LOGI((const char *)argument, "line %d of a task that is not alone, long enough to fill the FIFO", i);
    }
    vTaskDelete(NULL);
}

static void logging(void)
{
    s_before = putchar;
    s_before = esp_log_set_putchar(hooked);
    ESP_LOGW("hook", "%s %d", "text", -5);
    ESP_LOGD("hook", "not at this level");
    putchar_like_t after = esp_log_set_putchar(s_before);
    s_hooked[s_hooked_count] = '\0';
    printf("hook: %u characters, exchanged %d\n", (unsigned)s_hooked_count, after == hooked);
    printf("hooked: %s", s_hooked + 1);
    esp_log_level_set("quiet", ESP_LOG_ERROR);
    ESP_LOGW("quiet", "is not printed");
    ESP_LOGE("quiet", "is printed");
    xTaskCreate(log_lines, "one", 1536, "one", 2, NULL);
    xTaskCreate(log_lines, "two", 1536, "two", 2, NULL);
    xTaskCreate(log_lines, "three", 1536, "three", 3, NULL);
    vTaskDelay(600);
}

static void formats(void)
{
    char text[24];
    printf("[%d] [%5d] [%-5d] [%05d] [%+d] [% d] [%.3d]\n", -42, 42, 42, -42, 42, 42, 7);
    printf("[%u] [%x] [%X] [%#x] [%08x] [%o] [%p]\n", 4000000000u, 0xbeefu, 0xbeefu, 0xbeefu, 0xbeefu, 8u, (void *)16);
    printf("[%lld] [%llu] [%llx] [%hhx] [%hd] [%zu] [%ld]\n", -1234567890123456789ll, 18446744073709551615ull,
           0x123456789abcdefull, (unsigned char)0x1ff & 0xffu, (short)-3, sizeof(text), 123456789l);
    printf("[%s] [%8s] [%-8s] [%.2s] [%c] [%%] [%*d] [%.*s]\n", "text", "right", "left", "cut", 'c', 6, 5, 3, "abcdef");
    int length = snprintf(text, sizeof(text), "%s", "a text that is longer than its room");
    printf("snprintf: %d %s\n", length, text);
}

static void identity(void)
{
    uint8_t mac[6];
    esp_read_mac(mac, ESP_MAC_WIFI_STA);
    printf("station: %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    esp_read_mac(mac, ESP_MAC_WIFI_SOFTAP);
    printf("soft-AP: %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    printf("random: %d, reason %d\n", esp_random() != esp_random(), esp_reset_reason());
}

static TaskHandle_t s_peer;
static volatile uint32_t s_switches;

static void ping(void *argument)
{
    (void)argument;
    for (;;) {
        s_switches++;
        taskYIELD();
    }
}

static void speed(void)
{
    enum { TURNS = 1000 };
    vTaskPrioritySet(NULL, 4);
    xTaskCreate(ping, "ping", 768, NULL, 4, &s_peer);
    uint32_t from = kernel_ccount();
    for (int i = 0; i < TURNS; i++) {
        taskYIELD();
    }
    uint32_t cycles = kernel_ccount() - from;
    vTaskDelete(s_peer);
    vTaskPrioritySet(NULL, 1);
    printf("cycles of a switch: %u\n", (unsigned)(cycles / (TURNS + s_switches)));
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    from = kernel_ccount();
    for (int i = 0; i < TURNS; i++) {
        xSemaphoreTake(mutex, portMAX_DELAY);
        xSemaphoreGive(mutex);
    }
    printf("cycles of a mutex: %u\n", (unsigned)((kernel_ccount() - from) / TURNS));
    from = kernel_ccount();
    for (int i = 0; i < TURNS; i++) {
        free(malloc(100));
    }
    printf("cycles of malloc and free: %u\n", (unsigned)((kernel_ccount() - from) / TURNS));
    vSemaphoreDelete(mutex);
}

void app_main(void)
{
    formats();
    heap();
    narrow_access();
    errors();
    stacks();
    logging();
    identity();
    speed();
    printf("kernel test done\n");
}
