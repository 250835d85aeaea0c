import { ROM_RAM, UART_DEVICE_FIELD } from './layout';
import type { RomGuest } from './rom-call';

/** Words of the loader's state in guest RAM; all zero after reset. */
export const LOADER_AT = {
  phase: 0,
  /** SLIP: 0 outside a frame, 1 inside, 2 behind an escape. */
  slip: 4,
  /** Bytes of the frame in LOADER_BUFFER; 0xFFFF once it is too long. */
  frameBytes: 8,
  /** Last valid command, named in the answer to an unknown one. */
  lastOp: 12,
  /** Value of the last SYNC or READ_REG: sent with every answer, never cleared. */
  value: 16,
  /** Second status byte: stays what it was until SYNC, READ_REG or WRITE_REG. */
  reason: 20,
  failed: 24,
  repeats: 28,
  answerBytes: 32,
  sequence: 36,
  blocks: 40,
  blockBytes: 44,
  /** Flash offset or RAM address of the next block. */
  nextAddr: 48,
  blocksDone: 52,
  leaving: 56,
  /** WRITE_REG: entries done. */
  entry: 60,
} as const;

export type LoaderField = keyof typeof LOADER_AT;

/** Reads and writes the loader's variables in guest RAM, so that snapshots hold them and packets stay where silicon has them. */
export class LoaderState {
  private readonly guest: RomGuest;

  constructor(guest: RomGuest) {
    this.guest = guest;
  }

  get(field: LoaderField): number {
    return this.guest.load32(ROM_RAM.LOADER_STATE + LOADER_AT[field]) >>> 0;
  }

  set(field: LoaderField, value: number): void {
    this.guest.store32(ROM_RAM.LOADER_STATE + LOADER_AT[field], value);
  }

  /** The next byte of the receive ring, −1 when it is empty. */
  takeByte(): number {
    const { guest } = this;
    const device = ROM_RAM.UART_DEVICE;
    const read = guest.load32(device + UART_DEVICE_FIELD.RING_READ);
    if (read === guest.load32(device + UART_DEVICE_FIELD.RING_WRITE)) return -1;
    const start = guest.load32(device + UART_DEVICE_FIELD.RING_START);
    const end = start + guest.load32(device + UART_DEVICE_FIELD.RING_SIZE);
    guest.store32(device + UART_DEVICE_FIELD.RING_READ, read + 1 === end ? start : read + 1);
    return guest.load8(read);
  }

  /** Forgets what arrived so far. */
  emptyRing(): void {
    const device = ROM_RAM.UART_DEVICE;
    const write = this.guest.load32(device + UART_DEVICE_FIELD.RING_WRITE);
    this.guest.store32(device + UART_DEVICE_FIELD.RING_READ, write);
  }
}
