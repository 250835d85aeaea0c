/**
 * Registers of the WiFi MAC ("wDev") as offsets from 0x3FF20000. Source: wifi.md section 3, where each line tells who
 * has seen it. What is not named here is storage.
 */
export const MAC = {
  /** Bit 31: the receiver is on. */
  RX_CONTROL: 0x004,
  /** Written: the descriptor the receiver fills next. */
  RX_RING_HEAD: 0x008,
  /** Read: the last descriptor filled. The read acknowledges the receive interrupt. */
  RX_LAST: 0x014,
  /** Read: the descriptor that will be filled next. */
  RX_NEXT: 0x01c,
  RX_FILTER: 0x06c,
  /** Receive end counter; the driver resets the MAC if two looks at it see the same value. */
  RX_END_COUNT: 0x1c0,
  /** Microseconds, 32 bit, read only. */
  SYS_TIME: 0xc00,
  INT_ENA: 0xc18,
  INT_RAW: 0xc1c,
  INT_ST: 0xc20,
  INT_CLR: 0xc24,
  /** Address filter units: BSSID, its mask, own address, its mask; 8 bytes for each of the two interfaces. */
  BSSID: 0xc28,
  BSSID_MASK: 0xc38,
  OWN: 0xc48,
  OWN_MASK: 0xc58,
  /** Which queue has finished, and how. */
  TX_STATUS: 0xc84,
  /** First word of queue 0; queue q lies 0x18 · q below. */
  TX_QUEUE_0: 0xdc0,
  RANDOM: 0xe44,
  TSF0: 0x1000,
  TSF1: 0x1044,
  KEY_VALID: 0x80c,
  KEY_SLOTS: 0x1400,
} as const;

export const RX_ON = 0x80000000;
/** Bits 2:0 of RX_FILTER: only what the address filters match is received. */
export const RX_FILTER_ADDRESSES = 0x7;

/** Interrupt bits (wifi.md 3.2). No other is ever raised: the driver stops for good at several of them. */
export const INT = {
  RX: 1 << 8,
  /** Makes the started frame the current one in SDK 3.2; masked in 3.4. */
  TX_STARTED: 1 << 18,
  TX_DONE: 1 << 19,
  TSF1: 1 << 26,
  TSF0: 1 << 27,
} as const;

export const TX_QUEUES = 11;
export const TX_QUEUE_STRIDE = 0x18;
/** Words of a queue. */
export const TXQ = { BACKOFF: 0x00, CONTROL: 0x04, SHAPE: 0x08 } as const;
/** CONTROL: both bits start the queue. */
export const TX_START = 0xc0000000;
/** CONTROL: an acknowledgment is expected. */
export const TX_WANTS_ACK = 0x03000000;
/** Descriptor addresses are 18 bits above this. */
export const TX_DESCRIPTOR_BASE = 0x3ffc0000;
export const TX_DESCRIPTOR_MASK = 0x3ffff;
/** Result codes in TX_STATUS 31:28; the driver stops for good at others. */
export const TX_RESULT = { SUCCESS: 0, ACK_TIMEOUT: 5 } as const;

export const KEY_SLOT_COUNT = 25;
export const KEY_SLOT_BYTES = 0x28;

/** Offset of a queue's first word. */
export function queueOffset(queue: number): number {
  return MAC.TX_QUEUE_0 - TX_QUEUE_STRIDE * queue;
}

/** Which queue's CONTROL word this is, −1 when it is none. */
export function controlQueue(offset: number): number {
  const distance = MAC.TX_QUEUE_0 + TXQ.CONTROL - offset;
  if (distance < 0 || distance > TX_QUEUE_STRIDE * (TX_QUEUES - 1) || distance % TX_QUEUE_STRIDE !== 0)
    return -1;
  return distance / TX_QUEUE_STRIDE;
}
