/* SPDX-License-Identifier: MIT */
#include "esp8266_port.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lwip/sockets.h"

static int32_t error_of_errno(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? SSE_OTA_ERR_AGAIN : SSE_OTA_ERR_IO;
}

static bool set_non_blocking(int socket)
{
    int on = 1;
    return lwip_ioctl(socket, (long)FIONBIO, &on) == 0;
}

static int port_listen(void *context, uint16_t tcp_port)
{
    (void)context;
    struct sockaddr_in address;
    int listener = lwip_socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0) {
        return SSE_OTA_ERR_IO;
    }
#if SO_REUSE
    int on = 1;
    (void)lwip_setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
#endif
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = htons(tcp_port);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (lwip_bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || lwip_listen(listener, 4) != 0 ||
        !set_non_blocking(listener)) {
        lwip_close(listener);
        return SSE_OTA_ERR_IO;
    }
    return listener;
}

static int port_accept(void *context, int listener)
{
    (void)context;
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    int socket = lwip_accept(listener, (struct sockaddr *)&address, &size);
    if (socket < 0) {
        return error_of_errno();
    }
    if (!set_non_blocking(socket)) {
        lwip_close(socket);
        return SSE_OTA_ERR_IO;
    }
    /* Events are small, and what is to go out together is sent together: waiting for more only delays them. */
    int on = 1;
    (void)lwip_setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return socket;
}

static int32_t port_recv(void *context, int socket, void *bytes, size_t length)
{
    (void)context;
    int count = (int)lwip_recv(socket, bytes, length, 0);
    if (count > 0) {
        return count;
    }
    return count == 0 ? SSE_OTA_ERR_CLOSED : error_of_errno();
}

static int32_t port_send(void *context, int socket, const void *bytes, size_t length)
{
    (void)context;
    int count = (int)lwip_send(socket, bytes, length, 0);
    if (count > 0) {
        return count;
    }
    return count == 0 ? SSE_OTA_ERR_AGAIN : error_of_errno();
}

static void port_end_sending(void *context, int socket)
{
    (void)context;
    (void)lwip_shutdown(socket, SHUT_WR);
}

static void port_close(void *context, int socket)
{
    (void)context;
    (void)lwip_close(socket);
}

static int port_wait(void *context, sse_ota_wait_t *sockets, size_t count, uint32_t timeout_ms)
{
    (void)context;
    fd_set readable;
    fd_set writable;
    int highest = -1;
    struct timeval timeout;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    timeout.tv_sec = (long)(timeout_ms / 1000);
    timeout.tv_usec = (long)(timeout_ms % 1000) * 1000;
    for (size_t i = 0; i < count; i++) {
        int socket = sockets[i].socket;
        if (socket < 0) {
            continue;
        }
        if (sockets[i].wants_read) {
            FD_SET(socket, &readable);
        }
        if (sockets[i].wants_write) {
            FD_SET(socket, &writable);
        }
        highest = socket > highest ? socket : highest;
    }
    int ready = lwip_select(highest + 1, &readable, &writable, NULL, &timeout);
    for (size_t i = 0; i < count; i++) {
        bool is_valid = ready > 0 && sockets[i].socket >= 0;
        sockets[i].can_read = is_valid && FD_ISSET(sockets[i].socket, &readable);
        sockets[i].can_write = is_valid && FD_ISSET(sockets[i].socket, &writable);
    }
    return ready > 0 ? ready : 0;
}

void sse_ota_esp8266_sockets(sse_ota_port_t *port)
{
    port->listen = port_listen;
    port->accept = port_accept;
    port->recv = port_recv;
    port->send = port_send;
    port->end_sending = port_end_sending;
    port->close = port_close;
    port->wait = port_wait;
}
