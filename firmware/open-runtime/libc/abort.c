/* SPDX-License-Identifier: MIT */
/* The C library's ways to give up, with the SDK's words. */
#include <stdlib.h>

#include "esp_err.h"
#include "esp_attr.h"
#include "kernel/interrupts.h"
#include "kernel/print.h"

void __assert_func(const char *file, int line, const char *function, const char *expression) __attribute__((noreturn));
void __assert_no_args(void) __attribute__((noreturn));
void _exit(int status) __attribute__((noreturn));

static void IRAM_ATTR __attribute__((noreturn)) give_up(const void *caller)
{
    (void)kernel_lock();
    /* A call instruction is three bytes long. */
    kernel_print("abort() was called at PC 0x%08x\n", (unsigned)(uintptr_t)caller - 3u);
    __asm__ volatile("ill");
    __builtin_unreachable();
}

void IRAM_ATTR abort(void)
{
    give_up(__builtin_return_address(0));
}

void IRAM_ATTR __assert_func(const char *file, int line, const char *function, const char *expression)
{
    kernel_print("assertion \"%s\" failed: file \"%s\", line %d%s%s\n", expression, file, line,
                 function != NULL ? ", function: " : "", function != NULL ? function : "");
    give_up(__builtin_return_address(0));
}

void __assert_no_args(void)
{
    give_up(__builtin_return_address(0));
}

void _exit(int status)
{
    (void)status;
    give_up(__builtin_return_address(0));
}

static void report(const char *heading, esp_err_t code, const char *file, int line, const char *function,
                   const char *expression, const void *caller)
{
    kernel_print("%s failed: esp_err_t 0x%x (%s) at 0x%08x\n", heading, (unsigned)code, esp_err_to_name(code),
                 (unsigned)(uintptr_t)caller - 3u);
    kernel_print("file: \"%s\" line %d\nfunc: %s\nexpression: %s\n", file, line, function, expression);
}

void _esp_error_check_failed(esp_err_t code, const char *file, int line, const char *function, const char *expression)
{
    report("ESP_ERROR_CHECK", code, file, line, function, expression, __builtin_return_address(0));
    give_up(__builtin_return_address(0));
}

void _esp_error_check_failed_without_abort(esp_err_t code, const char *file, int line, const char *function,
                                           const char *expression)
{
    report("ESP_ERROR_CHECK_WITHOUT_ABORT", code, file, line, function, expression, __builtin_return_address(0));
}
