/* SPDX-License-Identifier: MIT */
#ifndef ESP_ATTR_H
#define ESP_ATTR_H

/*
 * Where code and data go. A section of its own for every function, so that what nobody calls is left out of the link.
 * Everything that runs in an interrupt, in the NMI or while the flash cache is off carries IRAM_ATTR.
 */
#define ESP_ATTR_STRING_(text) #text
#define ESP_ATTR_STRING(text) ESP_ATTR_STRING_(text)

#define IRAM_ATTR __attribute__((section(".iram1." ESP_ATTR_STRING(__COUNTER__))))
#define DRAM_ATTR __attribute__((section(".dram1." ESP_ATTR_STRING(__COUNTER__))))
#define NOINIT_ATTR __attribute__((section(".noinit")))
/* Read-only data that may be left in mapped flash: byte access there costs an exception. */
#define ESP_FLASH_RODATA_ATTR __attribute__((section(".flash.rodata." ESP_ATTR_STRING(__COUNTER__))))

/* A string that can be read while the flash cache is off. */
#define DRAM_STR(text)                                                                                                 \
    (__extension__({                                                                                                   \
        static const DRAM_ATTR char esp_attr_text[] = (text);                                                          \
        (const char *)&esp_attr_text;                                                                                  \
    }))

#endif
