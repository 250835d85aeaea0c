/* SPDX-License-Identifier: MIT */
#ifndef ESP_ERR_H
#define ESP_ERR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t esp_err_t;

/* Numbers are the SDK's: they appear in logs. */
#define ESP_OK 0
#define ESP_FAIL (-1)
#define ESP_ERR_NO_MEM 0x101
#define ESP_ERR_INVALID_ARG 0x102
#define ESP_ERR_INVALID_STATE 0x103
#define ESP_ERR_INVALID_SIZE 0x104
#define ESP_ERR_NOT_FOUND 0x105
#define ESP_ERR_NOT_SUPPORTED 0x106
#define ESP_ERR_TIMEOUT 0x107
#define ESP_ERR_INVALID_RESPONSE 0x108
#define ESP_ERR_INVALID_CRC 0x109
#define ESP_ERR_INVALID_VERSION 0x10A
#define ESP_ERR_INVALID_MAC 0x10B
#define ESP_ERR_WIFI_BASE 0x3000
#define ESP_ERR_MESH_BASE 0x4000

/* Never NULL; "UNKNOWN ERROR" for a number without a name. */
const char *esp_err_to_name(esp_err_t code);

/* Prints code, place and expression, then abort(). */
void _esp_error_check_failed(esp_err_t code, const char *file, int line, const char *function, const char *expression)
    __attribute__((noreturn));
/* Prints the same and returns. */
void _esp_error_check_failed_without_abort(esp_err_t code, const char *file, int line, const char *function,
                                           const char *expression);

#define ESP_ERROR_CHECK(x)                                                                                             \
    do {                                                                                                               \
        esp_err_t esp_error_check_code = (x);                                                                          \
        if (esp_error_check_code != ESP_OK) {                                                                          \
            _esp_error_check_failed(esp_error_check_code, __FILE__, __LINE__, __func__, #x);                           \
        }                                                                                                              \
    } while (0)

#define ESP_ERROR_CHECK_WITHOUT_ABORT(x)                                                                               \
    (__extension__({                                                                                                   \
        esp_err_t esp_error_check_code = (x);                                                                          \
        if (esp_error_check_code != ESP_OK) {                                                                          \
            _esp_error_check_failed_without_abort(esp_error_check_code, __FILE__, __LINE__, __func__, #x);             \
        }                                                                                                              \
        esp_error_check_code;                                                                                          \
    }))

#ifdef __cplusplus
}
#endif

#endif
