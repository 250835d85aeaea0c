/* SPDX-License-Identifier: MIT */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

/* What the app keeps in NVS, namespace "esprig", all strings: `ssid`, `psk`, `token`. */

#define SETTINGS_SSID_BYTES 33  /* 32 and the NUL */
#define SETTINGS_PSK_BYTES 65   /* 64 and the NUL */
#define SETTINGS_TOKEN_BYTES 65

typedef struct settings {
    char ssid[SETTINGS_SSID_BYTES];   /* "": soft-AP of our own */
    char psk[SETTINGS_PSK_BYTES];     /* "": an open network */
    char token[SETTINGS_TOKEN_BYTES];
    bool has_token;                   /* false: that of menuconfig */
    bool is_token_unusable;           /* there is one, or may be, and it cannot be used: nobody is to be served without it */
} settings_t;

/*
 * Opens NVS, erasing it if its format is unknown, and reads what is there; what is not, or is too long, is empty. Only
 * what NVS knows nothing of counts as no token: one that is too long, is empty or cannot be read is one that is unusable.
 */
void settings_read(settings_t *settings);

#endif
