/* SPDX-License-Identifier: MIT */
/*
 * Flash through the boot ROM's functions. While one of them works the cache cannot serve the window, so level-1 interrupts
 * wait and whatever runs lies in IRAM or ROM: the functions with IRAM_ATTR here, and the NMI's handler.
 * Registers: ESP8266_RTOS_SDK components/esp8266/include/esp8266/eagle_soc.h, spi_register.h.
 */
#include <stdbool.h>
#include <string.h>

#include "esp_attr.h"
#include "esp_spi_flash.h"
#include "kernel/interrupts.h"

/* What the ROM's functions want to know of a chip. */
typedef struct chip {
    uint32_t id;
    uint32_t size_bytes;
    uint32_t block_bytes;
    uint32_t sector_bytes;
    uint32_t page_bytes;
    uint32_t status_mask;
} chip_t;

/* Boot ROM; 0 is success. */
int SPI_sector_erase(const chip_t *chip, uint32_t address);
int SPI_page_program(const chip_t *chip, uint32_t address, const uint32_t *words, uint32_t length);
int SPI_read_data(const chip_t *chip, uint32_t address, uint32_t *words, uint32_t length);
int SPI_write_enable(const chip_t *chip);
int Wait_SPI_Idle(const chip_t *chip);
void Cache_Read_Disable(void);

/* SPI0 CTRL: bit 17 gives the flash to the cache. */
#define SPI0_CTRL (*(volatile uint32_t *)0x60000208)
#define SPI_ENABLE_AHB (1u << 17)
/* DPORT: bit 0 begins to empty the cache, bit 1 tells that it is empty, bit 8 switches it on. */
#define CACHE_FLASH_CTRL (*(volatile uint32_t *)0x3FF0000C)
#define CACHE_FLUSH_START (1u << 0)
#define CACHE_EMPTY (1u << 1)
#define CACHE_READ_ENABLE (1u << 8)
/* Which 2 MiB of the flash the window shows, whether all of them, or the upper half. */
#define CACHE_SEGMENT(ctrl) (((ctrl) >> 16) & 3)
#define CACHE_MAP_2M (1u << 24)
#define CACHE_MAP_ODD (1u << 25)

#define MIB 0x100000u
#define FLASH_WINDOW 0x40200000u

#define PAGE_BYTES 256u
/* The most that is read with interrupts masked: 512 bytes take 0.13 ms at 40 MHz in two bits. */
#define READ_PIECE_BYTES 512u

extern char _flash_size_bytes[];

static chip_t s_chip = {
    .id = 0x1640EF,
    .size_bytes = (uint32_t)_flash_size_bytes,
    .block_bytes = 0x10000,
    .sector_bytes = SPI_FLASH_SEC_SIZE,
    .page_bytes = PAGE_BYTES,
    .status_mask = 0xFFFF,
};
/* A page on its way, where the ROM may read it by words and with the cache off. Used with level 1 masked only. */
static uint32_t s_page[PAGE_BYTES / 4];

/* Inlined into a function in flash it would be in flash itself. */
#define NOT_INLINED __attribute__((noinline))

static IRAM_ATTR NOT_INLINED void cache_off(void)
{
    Cache_Read_Disable();
    (void)Wait_SPI_Idle(&s_chip);
}

static IRAM_ATTR NOT_INLINED void cache_on(void)
{
    CACHE_FLASH_CTRL &= ~CACHE_FLUSH_START;
    CACHE_FLASH_CTRL |= CACHE_FLUSH_START;
    while ((CACHE_FLASH_CTRL & CACHE_EMPTY) == 0) {
    }
    CACHE_FLASH_CTRL &= ~CACHE_FLUSH_START;
    SPI0_CTRL |= SPI_ENABLE_AHB;
    CACHE_FLASH_CTRL |= CACHE_READ_ENABLE;
}

static IRAM_ATTR NOT_INLINED bool erase(uint32_t address)
{
    cache_off();
    bool is_ok = SPI_write_enable(&s_chip) == 0 && SPI_sector_erase(&s_chip, address) == 0;
    cache_on();
    return is_ok;
}

static IRAM_ATTR NOT_INLINED bool program(uint32_t address, uint32_t length)
{
    cache_off();
    bool is_ok = SPI_page_program(&s_chip, address, s_page, length) == 0;
    cache_on();
    return is_ok;
}

static IRAM_ATTR NOT_INLINED bool read_words(uint32_t address, uint32_t *words, uint32_t length)
{
    cache_off();
    bool is_ok = SPI_read_data(&s_chip, address, words, length) == 0;
    cache_on();
    return is_ok;
}

static bool is_inside(size_t address, size_t size)
{
    return address <= s_chip.size_bytes && size <= s_chip.size_bytes - address;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t spi_flash_get_chip_size(void)
{
    return s_chip.size_bytes;
}

esp_err_t spi_flash_erase_sector(size_t sector)
{
    return spi_flash_erase_range(sector * SPI_FLASH_SEC_SIZE, SPI_FLASH_SEC_SIZE);
}

esp_err_t spi_flash_erase_range(size_t start_address, size_t size)
{
    if (start_address % SPI_FLASH_SEC_SIZE != 0) {
        return ESP_ERR_INVALID_ARG;
    }
    if (size % SPI_FLASH_SEC_SIZE != 0 || !is_inside(start_address, size)) {
        return ESP_ERR_INVALID_SIZE;
    }
    for (size_t at = start_address; at < start_address + size; at += SPI_FLASH_SEC_SIZE) {
        uint32_t ps = kernel_lock();
        bool is_ok = erase(at);
        kernel_unlock(ps);
        if (!is_ok) {
            return ESP_ERR_FLASH_OP_FAIL;
        }
    }
    return ESP_OK;
}

esp_err_t spi_flash_write(size_t destination, const void *source, size_t size)
{
    const uint8_t *from = source;
    if (!is_inside(destination, size)) {
        return ESP_ERR_INVALID_SIZE;
    }
    while (size > 0) {
        size_t piece = smaller(size, PAGE_BYTES - destination % PAGE_BYTES);
        /* Whole words go out; ones in front and behind change nothing in flash. */
        size_t before = destination % 4;
        size_t length = (before + piece + 3) & ~(size_t)3;
        uint32_t ps = kernel_lock();
        s_page[0] = UINT32_MAX;
        s_page[length / 4 - 1] = UINT32_MAX;
        memcpy((uint8_t *)s_page + before, from, piece);
        bool is_ok = program(destination - before, length);
        kernel_unlock(ps);
        if (!is_ok) {
            return ESP_ERR_FLASH_OP_FAIL;
        }
        from += piece;
        destination += piece;
        size -= piece;
    }
    return ESP_OK;
}

/* Up to a page to anywhere, by way of our own buffer. */
static bool read_page(size_t source, uint8_t *to, size_t length)
{
    uint32_t ps = kernel_lock();
    bool is_ok = read_words(source, s_page, length);
    memcpy(to, s_page, length);
    kernel_unlock(ps);
    return is_ok;
}

esp_err_t spi_flash_read(size_t source, void *destination, size_t size)
{
    uint8_t *to = destination;
    if (!is_inside(source, size)) {
        return ESP_ERR_INVALID_SIZE;
    }
    while (size > 0) {
        bool is_ok;
        size_t piece;
        if ((uintptr_t)to % 4 != 0 || size < 4) {
            piece = smaller(size, PAGE_BYTES);
            is_ok = read_page(source, to, piece);
        } else {
            piece = smaller(size & ~(size_t)3, READ_PIECE_BYTES);
            uint32_t ps = kernel_lock();
            is_ok = read_words(source, (uint32_t *)(void *)to, piece);
            kernel_unlock(ps);
        }
        if (!is_ok) {
            return ESP_ERR_FLASH_OP_FAIL;
        }
        source += piece;
        to += piece;
        size -= piece;
    }
    return ESP_OK;
}

uintptr_t spi_flash_cache2phys(const void *cached)
{
    uint32_t ctrl = CACHE_FLASH_CTRL;
    uintptr_t offset = (uintptr_t)cached - FLASH_WINDOW;
    if (offset >= ((ctrl & CACHE_MAP_2M) != 0 ? 2 * MIB : MIB)) {
        return 0;
    }
    uintptr_t base = CACHE_SEGMENT(ctrl) * 2 * MIB;
    if ((ctrl & CACHE_MAP_2M) == 0 && (ctrl & CACHE_MAP_ODD) != 0) {
        base += MIB;
    }
    return base + offset;
}
