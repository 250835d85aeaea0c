/* SPDX-License-Identifier: MIT */
#include "dhcp_server.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/prot/dhcp.h"
#include "lwip/prot/iana.h"
#include "lwip/sys.h"
#include "lwip/udp.h"

#define LEASES 8
#define LEASE_S 7200u
/* An address that was offered is kept for its asker for so long. */
#define OFFER_MS 30000u
#define MS_PER_S 1000u
/* Fixed part of a message, cookie included (RFC 2131 section 2). */
#define FIXED_BYTES 240u
/* Nobody takes less (RFC 2131: 300 with everything in). */
#define SMALLEST_BYTES 300u
#define HARDWARE_BYTES 6u

typedef enum lease_state {
    LEASE_FREE,
    LEASE_OFFERED,
    LEASE_GIVEN,
} lease_state_t;

typedef struct lease {
    lease_state_t state;
    uint8_t mac[HARDWARE_BYTES];
    uint32_t until_ms;
} lease_t;

/* What a message asks for. */
typedef struct question {
    uint8_t type;
    uint32_t requested; /* 0: not said; network order, like all addresses here */
    uint32_t server;
} question_t;

static struct udp_pcb *s_pcb;
static struct netif *s_netif;
static void (*s_on_assigned)(const ip4_addr_t *ip);
static lease_t s_leases[LEASES];

/* --- leases -------------------------------------------------------------------------------------------------------- */

static uint32_t own_address(void)
{
    return ip4_addr_get_u32(netif_ip4_addr(s_netif));
}

static uint32_t address_of(const lease_t *lease)
{
    return lwip_htonl(lwip_ntohl(own_address()) + 1 + (uint32_t)(lease - s_leases));
}

static void let_go_of_old(void)
{
    uint32_t now_ms = sys_now();
    for (uint32_t i = 0; i < LEASES; i++) {
        if (s_leases[i].state != LEASE_FREE && (int32_t)(now_ms - s_leases[i].until_ms) >= 0) {
            s_leases[i].state = LEASE_FREE;
        }
    }
}

static lease_t *lease_at(uint32_t address)
{
    for (uint32_t i = 0; i < LEASES; i++) {
        if (address_of(&s_leases[i]) == address) {
            return &s_leases[i];
        }
    }
    return NULL;
}

/* Also one that has run out: who comes back gets its old address while it is free. */
static lease_t *lease_of(const uint8_t *mac)
{
    for (uint32_t i = 0; i < LEASES; i++) {
        if (memcmp(s_leases[i].mac, mac, HARDWARE_BYTES) == 0) {
            return &s_leases[i];
        }
    }
    return NULL;
}

/* Somebody has taken this address without asking. */
static bool is_taken_by_another(const lease_t *lease, const uint8_t *mac)
{
    struct eth_addr *owner;
    const ip4_addr_t *found;
    ip4_addr_t address;
    ip4_addr_set_u32(&address, address_of(lease));
    return etharp_find_addr(s_netif, &address, &owner, &found) >= 0 && memcmp(owner->addr, mac, HARDWARE_BYTES) != 0;
}

static bool is_free(const lease_t *lease, const uint8_t *mac)
{
    return lease->state == LEASE_FREE && !is_taken_by_another(lease, mac);
}

static lease_t *choose(const uint8_t *mac, uint32_t wanted)
{
    static const uint8_t nobody[HARDWARE_BYTES] = {0};
    lease_t *lease = lease_of(mac);
    if (lease != NULL && !is_taken_by_another(lease, mac)) {
        return lease;
    }
    lease = lease_at(wanted);
    if (lease != NULL && is_free(lease, mac)) {
        return lease;
    }
    /* One that was never given to anybody, else any. */
    for (uint32_t i = 0; i < LEASES; i++) {
        if (is_free(&s_leases[i], mac) && memcmp(s_leases[i].mac, nobody, HARDWARE_BYTES) == 0) {
            return &s_leases[i];
        }
    }
    for (uint32_t i = 0; i < LEASES; i++) {
        if (is_free(&s_leases[i], mac)) {
            return &s_leases[i];
        }
    }
    return NULL;
}

/* --- messages ------------------------------------------------------------------------------------------------------ */

static uint32_t read32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static bool parse(struct pbuf *packet, question_t *question)
{
    uint16_t at = FIXED_BYTES;
    memset(question, 0, sizeof(*question));
    while (at < packet->tot_len) {
        uint8_t value[4];
        uint8_t id = pbuf_get_at(packet, at);
        if (id == DHCP_OPTION_END) {
            break;
        }
        if (id == DHCP_OPTION_PAD) {
            at++;
            continue;
        }
        if (at + 2 > packet->tot_len) {
            return false;
        }
        uint8_t length = pbuf_get_at(packet, (u16_t)(at + 1));
        if (at + 2 + length > packet->tot_len) {
            return false;
        }
        uint16_t copied = pbuf_copy_partial(packet, value, length < 4 ? length : 4, (u16_t)(at + 2));
        if (id == DHCP_OPTION_MESSAGE_TYPE && copied >= 1) {
            question->type = value[0];
        } else if (id == DHCP_OPTION_REQUESTED_IP && copied == 4) {
            question->requested = read32(value);
        } else if (id == DHCP_OPTION_SERVER_ID && copied == 4) {
            question->server = read32(value);
        }
        at = (uint16_t)(at + 2 + length);
    }
    return question->type != 0;
}

static uint8_t *write_option(uint8_t *at, uint8_t id, uint32_t value)
{
    at[0] = id;
    at[1] = 4;
    memcpy(at + 2, &value, 4);
    return at + 6;
}

/* `address` 0: no address goes along. */
static void answer(const struct dhcp_msg *asked, uint8_t type, uint32_t address, bool has_lease)
{
    struct pbuf *packet = pbuf_alloc(PBUF_TRANSPORT, SMALLEST_BYTES, PBUF_RAM);
    ip_addr_t to = IPADDR4_INIT(IPADDR_BROADCAST);
    if (packet == NULL) {
        return;
    }
    struct dhcp_msg *message = packet->payload;
    memset(message, 0, SMALLEST_BYTES);
    message->op = DHCP_BOOTREPLY;
    message->htype = asked->htype;
    message->hlen = asked->hlen;
    message->xid = asked->xid;
    message->flags = asked->flags;
    message->giaddr = asked->giaddr;
    message->ciaddr = asked->ciaddr;
    memcpy(&message->yiaddr, &address, 4);
    memcpy(message->chaddr, asked->chaddr, sizeof(message->chaddr));
    message->cookie = PP_HTONL(DHCP_MAGIC_COOKIE);
    uint8_t *at = (uint8_t *)message + FIXED_BYTES;
    *at++ = DHCP_OPTION_MESSAGE_TYPE;
    *at++ = 1;
    *at++ = type;
    at = write_option(at, DHCP_OPTION_SERVER_ID, own_address());
    if (type != DHCP_NAK) {
        if (has_lease) {
            at = write_option(at, DHCP_OPTION_LEASE_TIME, PP_HTONL(LEASE_S));
        }
        at = write_option(at, DHCP_OPTION_SUBNET_MASK, ip4_addr_get_u32(netif_ip4_netmask(s_netif)));
        at = write_option(at, DHCP_OPTION_ROUTER, own_address());
    }
    *at = DHCP_OPTION_END;
    (void)udp_sendto_if(s_pcb, packet, &to, LWIP_IANA_PORT_DHCP_CLIENT, s_netif);
    (void)pbuf_free(packet);
}

static void note(lease_t *lease, const uint8_t *mac, lease_state_t state, uint32_t for_ms)
{
    lease->state = state;
    memcpy(lease->mac, mac, HARDWARE_BYTES);
    lease->until_ms = sys_now() + for_ms;
}

static void discover(const struct dhcp_msg *asked, const question_t *question)
{
    lease_t *lease = choose(asked->chaddr, question->requested);
    if (lease == NULL) {
        return;
    }
    if (lease->state != LEASE_GIVEN) {
        note(lease, asked->chaddr, LEASE_OFFERED, OFFER_MS);
    }
    answer(asked, DHCP_OFFER, address_of(lease), true);
}

static void request(const struct dhcp_msg *asked, const question_t *question)
{
    uint32_t client_address;
    memcpy(&client_address, &asked->ciaddr, 4);
    uint32_t wanted = question->requested != 0 ? question->requested : client_address;
    lease_t *lease = lease_at(wanted);
    if (question->server != 0 && question->server != own_address()) {
        /* It has taken another server's offer. */
        lease_t *offered = lease_of(asked->chaddr);
        if (offered != NULL && offered->state == LEASE_OFFERED) {
            offered->state = LEASE_FREE;
        }
        return;
    }
    bool is_its_own = lease != NULL && memcmp(lease->mac, asked->chaddr, HARDWARE_BYTES) == 0;
    if (lease == NULL || (!is_its_own && (lease->state != LEASE_FREE || lease_of(asked->chaddr) != NULL))) {
        answer(asked, DHCP_NAK, 0, false);
        return;
    }
    note(lease, asked->chaddr, LEASE_GIVEN, LEASE_S * MS_PER_S);
    answer(asked, DHCP_ACK, address_of(lease), true);
    if (s_on_assigned != NULL) {
        ip4_addr_t ip;
        ip4_addr_set_u32(&ip, address_of(lease));
        s_on_assigned(&ip);
    }
}

static void receive(void *argument, struct udp_pcb *pcb, struct pbuf *packet, const ip_addr_t *from, u16_t port)
{
    struct dhcp_msg asked;
    question_t question;
    (void)argument;
    (void)pcb;
    (void)from;
    (void)port;
    bool is_message = packet->tot_len >= FIXED_BYTES && pbuf_copy_partial(packet, &asked, FIXED_BYTES, 0) == FIXED_BYTES &&
                      asked.op == DHCP_BOOTREQUEST && asked.hlen == HARDWARE_BYTES &&
                      asked.cookie == PP_HTONL(DHCP_MAGIC_COOKIE) && parse(packet, &question);
    (void)pbuf_free(packet);
    if (!is_message) {
        return;
    }
    let_go_of_old();
    lease_t *lease = lease_of(asked.chaddr);
    switch (question.type) {
    case DHCP_DISCOVER:
        discover(&asked, &question);
        break;
    case DHCP_REQUEST:
        request(&asked, &question);
        break;
    case DHCP_DECLINE:
        /* Somebody else has it: nobody gets it for a while. */
        lease = lease_at(question.requested);
        if (lease != NULL) {
            static const uint8_t unknown[HARDWARE_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
            note(lease, unknown, LEASE_GIVEN, LEASE_S * MS_PER_S);
        }
        break;
    case DHCP_RELEASE:
        if (lease != NULL) {
            lease->state = LEASE_FREE;
        }
        break;
    case DHCP_INFORM:
        answer(&asked, DHCP_ACK, 0, false);
        break;
    default:
        break;
    }
}

/* --- on and off ---------------------------------------------------------------------------------------------------- */

err_t dhcp_server_start(struct netif *netif, void (*on_assigned)(const ip4_addr_t *ip))
{
    err_t err;
    if (s_pcb != NULL) {
        return ERR_OK;
    }
    s_netif = netif;
    s_on_assigned = on_assigned;
    memset(s_leases, 0, sizeof(s_leases));
    s_pcb = udp_new();
    if (s_pcb == NULL) {
        return ERR_MEM;
    }
    ip_set_option(s_pcb, SOF_BROADCAST);
    udp_bind_netif(s_pcb, netif);
    err = udp_bind(s_pcb, IP_ANY_TYPE, LWIP_IANA_PORT_DHCP_SERVER);
    if (err != ERR_OK) {
        dhcp_server_stop();
        return err;
    }
    udp_recv(s_pcb, receive, NULL);
    return ERR_OK;
}

void dhcp_server_stop(void)
{
    if (s_pcb != NULL) {
        udp_remove(s_pcb);
        s_pcb = NULL;
    }
}
