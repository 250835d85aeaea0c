/* SPDX-License-Identifier: MIT */
/*
 * The server as a process on a host, for tests of the contract from outside. Listens on 127.0.0.1 only.
 *
 *   sse-ota-host [--port N] [--layout NAME] [--running 0|1] [--token T] [--stall-ms N] [--head-ms N] [--keep-alive-ms N]
 *                [--restart-ms N] [--clients N] [--send-limit N] [--send-buffer N] [--fault KIND:N]
 *
 * stdout: the device's console, and between it lines for the test: "= ready PORT", "= restart LABEL", "= state …".
 * stdin: "print TEXT", "print-many COUNT", "state", "digest SLOT BYTES", "fault KIND:N". The end of stdin ends the process, and so the test
 * that dies takes it along.
 */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_memory.h"
#include "host_port.h"

static host_port_t s_host;
static host_memory_t s_memory;
static sse_ota_server_t s_server;

static bool set_fault(const char *text)
{
    static const char *const KINDS[] = {"none", "erase-fails", "write-fails", "read-fails", "write-lost", "erase-lost",
                                        "boot-fails", "keep-fails"};
    for (unsigned i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        size_t length = strlen(KINDS[i]);
        if (strncmp(text, KINDS[i], length) == 0 && (text[length] == ':' || text[length] == '\0')) {
            ram_flash_t *flash = &s_host.flash;
            flash->fault = (ram_flash_fault_t)i;
            flash->fault_at = text[length] == ':' ? (uint32_t)strtoul(text + length + 1, NULL, 10) : 1;
            flash->erases = flash->writes = flash->reads = 0;
            return true;
        }
    }
    return false;
}

static void print_digest(unsigned slot, uint32_t length)
{
    const ram_flash_t *flash = &s_host.flash;
    sse_ota_sha256_t sha;
    uint8_t digest[SSE_OTA_SHA256_BYTES];
    if (length > flash->slots[slot].size_bytes) {
        length = flash->slots[slot].size_bytes;
    }
    sse_ota_sha256_start(&sha);
    sse_ota_sha256_feed(&sha, flash->bytes + flash->slots[slot].flash_offset, length);
    sse_ota_sha256_end(&sha, digest);
    for (unsigned k = 0; k < sizeof(digest); k++) {
        printf("%02x", digest[k]);
    }
}

static void print_state(void)
{
    const ram_flash_t *flash = &s_host.flash;
    printf("= state running=%s boot=%s erases=%u writes=%u misused=%d", flash->slots[flash->running].label,
           flash->slots[flash->boot].label, flash->erases, flash->writes, flash->is_misused);
    for (unsigned i = 0; i < 2; i++) {
        printf(" slot%u=", i);
        print_digest(i, flash->slots[i].size_bytes);
    }
    printf("\n");
    fflush(stdout);
}

static void obey(char *line)
{
    char text[1100];
    if (strncmp(line, "print ", 6) == 0) {
        (void)snprintf(text, sizeof(text), "%s\n", line + 6);
        host_console(&s_host, text);
    } else if (strncmp(line, "print-many ", 11) == 0) {
        unsigned long count = strtoul(line + 11, NULL, 10);
        for (unsigned long i = 0; i < count && i < 100000; i++) {
            (void)snprintf(text, sizeof(text), "line %lu\n", i);
            host_console(&s_host, text);
        }
    } else if (strcmp(line, "state") == 0) {
        print_state();
    } else if (strncmp(line, "digest ", 7) == 0) {
        char *rest = NULL;
        unsigned long slot = strtoul(line + 7, &rest, 10);
        printf("= digest ");
        print_digest(slot == 0 ? 0 : 1, (uint32_t)strtoul(rest, NULL, 10));
        printf("\n");
        fflush(stdout);
    } else if (strncmp(line, "fault ", 6) == 0) {
        printf("= fault %s\n", set_fault(line + 6) ? "set" : "unknown");
        fflush(stdout);
    }
}

/* Whole lines of stdin, without waiting. False at its end. */
static bool read_orders(void)
{
    static char line[1024];
    static size_t length;
    char bytes[256];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            line[length] = '\0';
            obey(line);
            length = 0;
        } else if (length < sizeof(line) - 1) {
            line[length++] = bytes[i];
        }
    }
    return count != 0;
}

static unsigned long number(const char *text)
{
    return strtoul(text, NULL, 10);
}

static bool parse(int argc, char **argv, sse_ota_server_config_t *config, unsigned *running)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--port") == 0) {
            config->tcp_port = (uint16_t)number(value);
        } else if (strcmp(argv[i], "--layout") == 0) {
            if (!ram_flash_start(&s_host.flash, value)) {
                return false;
            }
        } else if (strcmp(argv[i], "--running") == 0) {
            *running = number(value) == 0 ? 0 : 1;
        } else if (strcmp(argv[i], "--token") == 0) {
            config->token = value;
        } else if (strcmp(argv[i], "--stall-ms") == 0) {
            config->stall_timeout_ms = (uint32_t)number(value);
        } else if (strcmp(argv[i], "--head-ms") == 0) {
            config->head_timeout_ms = (uint32_t)number(value);
        } else if (strcmp(argv[i], "--keep-alive-ms") == 0) {
            config->keep_alive_ms = (uint32_t)number(value);
        } else if (strcmp(argv[i], "--restart-ms") == 0) {
            config->restart_delay_ms = (uint32_t)number(value);
        } else if (strcmp(argv[i], "--clients") == 0) {
            config->client_count = number(value) < 3 ? (size_t)number(value) : 3;
        } else if (strcmp(argv[i], "--send-limit") == 0) {
            s_host.sent_limit_bytes = (uint32_t)number(value);
        } else if (strcmp(argv[i], "--send-buffer") == 0) {
            s_host.send_buffer_bytes = (int)number(value);
        } else if (strcmp(argv[i], "--fault") != 0 || !set_fault(value)) {
            return false;
        }
    }
    return argc % 2 == 1;
}

static sse_ota_err_t start(sse_ota_server_config_t *config)
{
    sse_ota_err_t err = sse_ota_server_start(&s_server, config);
    if (err == SSE_OTA_OK) {
        config->tcp_port = s_host.tcp_port; /* the same after a restart */
        printf("= ready %u\n", s_host.tcp_port);
        fflush(stdout);
    }
    return err;
}

int main(int argc, char **argv)
{
    sse_ota_port_t port;
    sse_ota_server_config_t config;
    unsigned running = 0;
    host_memory_config(&s_memory, &config);
    host_port_table(&s_host, &port);
    config.port = &port;
    config.tcp_port = 0;
    (void)ram_flash_start(&s_host.flash, "one-mb");
    if (!parse(argc, argv, &config, &running)) {
        fprintf(stderr, "unknown argument; see the head of main.c\n");
        return 2;
    }
    s_host.flash.running = s_host.flash.boot = running;
    (void)fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    if (start(&config) != SSE_OTA_OK) {
        fprintf(stderr, "cannot start\n");
        return 1;
    }
    while (read_orders()) {
        sse_ota_server_poll(&s_server, 20);
        if (s_host.has_restarted) {
            s_host.has_restarted = false;
            printf("= restart %s\n", s_host.flash.slots[s_host.flash.running].label);
            if (start(&config) != SSE_OTA_OK) {
                return 1;
            }
        }
    }
    sse_ota_server_stop(&s_server);
    return 0;
}
