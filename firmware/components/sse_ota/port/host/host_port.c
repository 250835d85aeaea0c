/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "host_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool is_would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int host_listen(void *context, uint16_t tcp_port)
{
    host_port_t *host = context;
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0) {
        return SSE_OTA_ERR_IO;
    }
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = htons(tcp_port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(listener, (const struct sockaddr *)&address, size) < 0 || listen(listener, 5) < 0 ||
        fcntl(listener, F_SETFL, O_NONBLOCK) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        close(listener);
        return SSE_OTA_ERR_IO;
    }
    host->tcp_port = ntohs(address.sin_port);
    return listener;
}

static int host_accept(void *context, int listener)
{
    const host_port_t *host = context;
    int socket = accept(listener, NULL, NULL);
    if (socket < 0) {
        return is_would_block(errno) ? SSE_OTA_ERR_AGAIN : SSE_OTA_ERR_IO;
    }
    if (fcntl(socket, F_SETFL, O_NONBLOCK) < 0) {
        close(socket);
        return SSE_OTA_ERR_IO;
    }
    const int size = host->send_buffer_bytes;
    if (size != 0) {
        (void)setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
    return socket;
}

static int32_t host_recv(void *context, int socket, void *bytes, size_t length)
{
    (void)context;
    ssize_t count = recv(socket, bytes, length, 0);
    if (count > 0) {
        return (int32_t)count;
    }
    if (count == 0) {
        return SSE_OTA_ERR_CLOSED;
    }
    return is_would_block(errno) ? SSE_OTA_ERR_AGAIN : SSE_OTA_ERR_IO;
}

static int32_t host_send(void *context, int socket, const void *bytes, size_t length)
{
    host_port_t *host = context;
    if (host->sent_limit_bytes != 0 && length > host->sent_limit_bytes) {
        length = host->sent_limit_bytes;
    }
    ssize_t count = send(socket, bytes, length, MSG_NOSIGNAL);
    if (count >= 0) {
        return (int32_t)count;
    }
    return is_would_block(errno) ? SSE_OTA_ERR_AGAIN : SSE_OTA_ERR_IO;
}

static void host_end_sending(void *context, int socket)
{
    (void)context;
    (void)shutdown(socket, SHUT_WR);
}

static void host_close(void *context, int socket)
{
    (void)context;
    (void)close(socket);
}

static int host_wait(void *context, sse_ota_wait_t *sockets, size_t count, uint32_t timeout_ms)
{
    (void)context;
    struct pollfd polled[32];
    if (count > sizeof(polled) / sizeof(polled[0])) {
        return SSE_OTA_ERR_ARG;
    }
    for (size_t i = 0; i < count; i++) {
        polled[i].fd = sockets[i].socket; /* poll() skips what is below 0 */
        polled[i].events = (short)((sockets[i].wants_read ? POLLIN : 0) | (sockets[i].wants_write ? POLLOUT : 0));
        polled[i].revents = 0;
    }
    int ready = poll(polled, (nfds_t)count, (int)timeout_ms);
    for (size_t i = 0; i < count; i++) {
        sockets[i].can_read = (polled[i].revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL)) != 0;
        sockets[i].can_write = (polled[i].revents & (POLLOUT | POLLERR)) != 0;
    }
    return ready < 0 ? 0 : ready;
}

static sse_ota_err_t host_slots(void *context, sse_ota_slot_t *running, sse_ota_slot_t *next)
{
    return ram_flash_slots(&((host_port_t *)context)->flash, running, next);
}

static sse_ota_err_t host_keep_boot(void *context)
{
    return ram_flash_keep_boot(&((host_port_t *)context)->flash);
}

static sse_ota_err_t host_erase_sector(void *context, uint32_t offset)
{
    return ram_flash_erase_sector(&((host_port_t *)context)->flash, offset);
}

static sse_ota_err_t host_write(void *context, uint32_t offset, const void *bytes, size_t length)
{
    return ram_flash_write(&((host_port_t *)context)->flash, offset, bytes, length);
}

static sse_ota_err_t host_read(void *context, uint32_t offset, void *bytes, size_t length)
{
    return ram_flash_read(&((host_port_t *)context)->flash, offset, bytes, length);
}

static sse_ota_err_t host_set_boot(void *context)
{
    return ram_flash_set_boot(&((host_port_t *)context)->flash);
}

static uint32_t host_now_ms(void *context)
{
    (void)context;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
}

static void host_heap(void *context, sse_ota_heap_t *heap)
{
    (void)context;
    heap->free_bytes = 40000; /* there is no such thing on a host */
    heap->lowest_bytes = 39000;
}

static void host_restart(void *context)
{
    host_port_t *host = context;
    ram_flash_restart(&host->flash);
    host->has_restarted = true;
}

void host_console(host_port_t *host, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        (void)putchar(*p);
        if (host->queue != NULL) {
            sse_ota_log_putchar(host->queue, (uint8_t)*p);
        }
    }
    (void)fflush(stdout);
}

/* A line as the SDK's log prints it: colour, level, time, tag; the colour ends before the newline. */
static void host_log(void *context, sse_ota_level_t level, const char *text)
{
    static const char *const COLOURS[] = {"\033[0;31mE", "\033[0;33mW", "\033[0;32mI"};
    char line[256];
    (void)snprintf(line, sizeof(line), "%s (%u) sse_ota: %s\033[0m\r\n", COLOURS[level], host_now_ms(context), text);
    host_console(context, line);
}

static void host_hook(void *context, sse_ota_log_queue_t *queue)
{
    ((host_port_t *)context)->queue = queue;
}

/* One thread: nothing to lock. */
static void host_lock(void *context)
{
    (void)context;
}

void host_port_table(host_port_t *host, sse_ota_port_t *port)
{
    const sse_ota_port_t table = {
        .context = host,
        .listen = host_listen,
        .accept = host_accept,
        .recv = host_recv,
        .send = host_send,
        .end_sending = host_end_sending,
        .close = host_close,
        .wait = host_wait,
        .slots = host_slots,
        .keep_boot = host_keep_boot,
        .erase_sector = host_erase_sector,
        .write = host_write,
        .read = host_read,
        .set_boot = host_set_boot,
        .now_ms = host_now_ms,
        .heap = host_heap,
        .restart = host_restart,
        .log = host_log,
        .hook = host_hook,
        .lock = host_lock,
        .unlock = host_lock,
    };
    *port = table;
}
