/* SPDX-License-Identifier: MIT */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include "sdkconfig.h"

/*
 * lwIP 2.1.3 for the open runtime: IPv4, TCP, UDP, sockets; tcpip thread with core locking, so that a socket call and a
 * received frame are worked on by whoever brings them. Structures of a bounded number are in pools; packets, mailboxes
 * and semaphores come from the heap.
 */

#ifndef CONFIG_LWIP_MAX_SOCKETS
#define CONFIG_LWIP_MAX_SOCKETS 10
#endif

/* --- system ---------------------------------------------------------------------------------------------------- */
#define NO_SYS 0
#define SYS_LIGHTWEIGHT_PROT 1
#define LWIP_TCPIP_CORE_LOCKING 1
#define LWIP_TCPIP_CORE_LOCKING_INPUT 1
#define TCPIP_THREAD_NAME "tiT"
#define TCPIP_THREAD_STACKSIZE 2560
#define TCPIP_THREAD_PRIO 8
#define TCPIP_MBOX_SIZE 8
/* The window is held in RAM pbufs, not in the pool that the checks count. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

/* --- memory ---------------------------------------------------------------------------------------------------- */
#define MEM_ALIGNMENT 4
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 0
/* Link header and pad are 16 bytes: IP headers are aligned to words, received and sent. */
#define ETH_PAD_SIZE 2
/* Received frames are RAM pbufs of their own size; lwIP itself takes few from the pool (fragments). */
#define PBUF_POOL_SIZE 2
#define PBUF_POOL_BUFSIZE 256
#define MEMP_NUM_PBUF 16
#define MEMP_NUM_NETCONN CONFIG_LWIP_MAX_SOCKETS
/* Sockets, and those that the other end still has to let go; the oldest in TIME-WAIT makes room. */
#define MEMP_NUM_TCP_PCB (CONFIG_LWIP_MAX_SOCKETS + 6)
#define MEMP_NUM_TCP_PCB_LISTEN 2
#define MEMP_NUM_UDP_PCB 5
#define MEMP_NUM_RAW_PCB 1
#define MEMP_NUM_NETBUF 4
#define MEMP_NUM_SELECT_CB 4
#define MEMP_NUM_TCPIP_MSG_API 4
#define MEMP_NUM_TCPIP_MSG_INPKT 2
#define MEMP_NUM_REASSDATA 2
#define MEMP_NUM_FRAG_PBUF 4
/* Full send queues of all event streams and an answer of each request. */
#define MEMP_NUM_TCP_SEG 64
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 2)

/* --- protocols --------------------------------------------------------------------------------------------------- */
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define ARP_TABLE_SIZE 10
#define ARP_QUEUEING 0
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_UDP 1
#define LWIP_DHCP 1
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_DNS 0
#define LWIP_IGMP 0
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS 4
#define IP_FRAG 1
#define LWIP_BROADCAST_PING 1

#define LWIP_TCP 1
#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
/* Readiness to write begins where an event of usual size fits. */
#define TCP_SNDLOWAT 512
#define TCP_SNDQUEUELOWAT 4
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_PBUFS 4
#define TCP_LISTEN_BACKLOG 1
#define TCP_MAXRTX 12
#define TCP_SYNMAXRTX 6
#define TCP_MSL 15000
#define LWIP_TCP_KEEPALIVE 1
#define LWIP_WND_SCALE 0

/* --- interfaces -------------------------------------------------------------------------------------------------- */
#define LWIP_NETIF_API 0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK 0
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_HAVE_LOOPIF 0

/* --- sockets ----------------------------------------------------------------------------------------------------- */
#define LWIP_NETCONN 1
#define LWIP_SOCKET 1
/* The short names as macros: `socket(...)` is `lwip_socket(...)`. */
#define LWIP_COMPAT_SOCKETS 1
#define LWIP_POSIX_SOCKETS_IO_NAMES 0
/* As with the SDK, sockets are the last of select()'s numbers. */
#define LWIP_SOCKET_OFFSET (64 - CONFIG_LWIP_MAX_SOCKETS)
#define LWIP_SO_RCVTIMEO 1
#define LWIP_SO_SNDTIMEO 1
#define LWIP_SO_RCVBUF 0
#define LWIP_SO_LINGER 0
#define SO_REUSE 1
#define LWIP_FIONREAD_LINUXMODE 0
#define DEFAULT_TCP_RECVMBOX_SIZE 8
#define DEFAULT_UDP_RECVMBOX_SIZE 4
#define DEFAULT_RAW_RECVMBOX_SIZE 4
#define DEFAULT_ACCEPTMBOX_SIZE 6
#define LWIP_NETCONN_SEM_PER_THREAD 0
#define LWIP_NETCONN_FULLDUPLEX 0

#define LWIP_STATS 0
#define LWIP_DEBUG 0

#endif
