/* SPDX-License-Identifier: MIT */
#ifndef BOOT_LOG_H
#define BOOT_LOG_H

/* Lines as the SDK's log writes them: level, milliseconds since reset, tag, text, colours; printed with the ROM's printf. */

__attribute__((format(printf, 3, 4))) void boot_log(char level, const char *tag, const char *format, ...);

#define BOOT_LOGI(tag, ...) boot_log('I', tag, __VA_ARGS__)
#define BOOT_LOGW(tag, ...) boot_log('W', tag, __VA_ARGS__)
#define BOOT_LOGE(tag, ...) boot_log('E', tag, __VA_ARGS__)

#endif
