/* SPDX-License-Identifier: MIT */
/* Strings of NVS, as far as they can be read. */
#include <stdio.h>
#include <string.h>

#include "nvs.h"
#include "nvs_flash.h"

static void print_string(nvs_handle_t handle, const char *key, size_t room)
{
    static char s_value[4100];
    size_t length = room;
    memset(s_value, '?', 8);
    esp_err_t err = nvs_get_str(handle, key, s_value, &length);
    printf("%s 0x%x %u", key, (unsigned)err, (unsigned)length);
    if (err == ESP_OK) {
        printf(" %.40s %u", s_value, (unsigned)strlen(s_value));
    }
    printf("\n");
}

void app_main(void);

void app_main(void)
{
    nvs_handle_t handle = 0;
    size_t length = 0;
    printf("early 0x%x\n", (unsigned)nvs_open("esprig", NVS_READONLY, &handle));
    esp_err_t err = nvs_flash_init();
    printf("init 0x%x\n", (unsigned)err);
    if (err != ESP_OK) {
        printf("erase 0x%x\n", (unsigned)nvs_flash_erase());
        printf("init 0x%x\n", (unsigned)nvs_flash_init());
    }
    err = nvs_open("esprig", NVS_READONLY, &handle);
    printf("open 0x%x\n", (unsigned)err);
    printf("others 0x%x 0x%x\n", (unsigned)nvs_open("nobody", NVS_READONLY, &handle),
           (unsigned)nvs_open("a name of more than 15", NVS_READONLY, &handle));
    if (err == ESP_OK) {
        print_string(handle, "ssid", 33);
        print_string(handle, "psk", 65);
        print_string(handle, "token", 4);
        print_string(handle, "number", 33);
        print_string(handle, "long", 4100);
        print_string(handle, "", 33);
        print_string(handle, "a key of more than 15", 33);
        err = nvs_get_str(handle, "ssid", NULL, &length);
        printf("length 0x%x %u\n", (unsigned)err, (unsigned)length);
        nvs_close(handle);
    }
    printf("system test done\n");
}
