import {
  BOOT_STRAPS,
  DRAM_BASE,
  DRAM_SIZE,
  GPIO_BASE,
  IRAM_BASE,
  IRAM_SIZE,
  RESET_CAUSE,
  RTC_BASE,
} from '../../chip/esp8266';
import { ROM_RAM } from './layout';
import type { RomCall, RomGuest } from './rom-call';
import { configureFlashMode } from './spi-calls';

/** Operations that the assembly side carries out (boot-source.ts). */
const OP = { PRINT: 0, READ: 1, CALL: 2, STOP: 3, ATTACH: 4, LOADER: 5 } as const;

const PHASE = {
  BANNER: 0,
  CAUSE: 1,
  LOADER_ROUTINE: 2,
  AFTER_LOADER: 3,
  READ_HEADER: 4,
  CHECK_HEADER: 5,
  SEGMENT_HEADER: 6,
  SEGMENT_HEADER_SPLIT: 7,
  SEGMENT_BULK: 8,
  SEGMENT_TAIL: 9,
  SEGMENT_COPY_TAIL: 10,
  SEGMENT_DONE: 11,
  CHECKSUM: 12,
  COMPARE: 13,
  FAILED: 14,
  STOPPED: 15,
  SEGMENT_TAIL_PRINTED: 16,
  VERDICT: 17,
  SEGMENT_HEADER_HO: 18,
} as const;

/** Words of the boot state in RAM, by offset; all zero after reset. */
const AT = {
  phase: 0,
  /** Flash offset of the next byte of the image. */
  position: 4,
  segmentsLeft: 8,
  entry: 12,
  checksum: 16,
  loadAddr: 20,
  length: 24,
  room: 28,
  tail: 32,
  headerLow: 36,
} as const;

const IMAGE_MAGIC = 0xe9;
const LINE_BYTES = 16;
const CHECKSUM_SEED = 0xef;
/** Causes whose handler prints "Fatal exception" (chip.md 5.2 step 9). */
const FATAL_CAUSES = [0, 2, 3, 8, 9, 28, 29];

type Field = keyof typeof AT;

/** The variables of the boot flow: words in guest RAM, so that interrupts, snapshots and restarts need nothing else. */
class BootState {
  private readonly guest: RomGuest;

  constructor(guest: RomGuest) {
    this.guest = guest;
  }

  get(field: Field): number {
    return this.guest.load32(ROM_RAM.BOOT_STATE + AT[field]);
  }

  set(field: Field, value: number): void {
    this.guest.store32(ROM_RAM.BOOT_STATE + AT[field], value);
  }
}

/** Labels of texts and code, known once the ROM is assembled. */
export interface BootLabels {
  readonly textOf: (name: string) => number;
  readonly fatalHandlerAddr: number;
}

/** The calls of the boot flow, at our own addresses. */
export function bootCalls(
  labels: BootLabels,
  addrs: { step: number; fromFlash: number },
): readonly RomCall[] {
  return [
    {
      addr: addrs.step,
      name: 'native_boot_step',
      cycles: 20,
      run: (guest) => {
        step(guest, labels);
        return undefined;
      },
    },
    {
      addr: addrs.fromFlash,
      name: 'native_boot_from_flash',
      cycles: 5,
      run: (guest) => {
        guest.store32(ROM_RAM.BOOT_STATE + AT.phase, PHASE.READ_HEADER);
        return undefined;
      },
    },
  ];
}

function step(guest: RomGuest, labels: BootLabels): void {
  const state = new BootState(guest);
  const answer = (op: number, ...args: number[]): void => {
    guest.ar[2] = op;
    args.forEach((arg, index) => (guest.ar[3 + index] = arg));
  };
  const print = (text: string, ...args: number[]): void => answer(OP.PRINT, labels.textOf(text), ...args);
  const straps = (guest.load32(GPIO_BASE + 0x18) >>> 16) & 7;

  // Each pass either answers with an operation or goes on to the next phase; the phases only move forward, but for
  // one turn for each segment.
  for (;;) {
    const phase = state.get('phase');
    switch (phase) {
      case PHASE.BANNER:
        state.set('phase', PHASE.CAUSE);
        return print('text_banner', labels.textOf('text_date'), resetCause(guest), straps, sdStraps(guest));
      case PHASE.CAUSE: {
        const cause = resetCause(guest);
        state.set('phase', PHASE.LOADER_ROUTINE);
        if (cause === RESET_CAUSE.WATCHDOG) return print('text_wdt_reset');
        if (cause === 0 || cause >= 7) {
          state.set('phase', PHASE.STOPPED);
          return print('text_unknown_reset');
        }
        if (cause !== RESET_CAUSE.POWER_ON && cause !== RESET_CAUSE.EXTERNAL)
          state.set('phase', PHASE.AFTER_LOADER);
        break;
      }
      case PHASE.LOADER_ROUTINE:
        state.set('phase', PHASE.AFTER_LOADER);
        if (straps === BOOT_STRAPS.FLASH) return answer(OP.ATTACH);
        if (straps === BOOT_STRAPS.UART_DOWNLOAD) return answer(OP.LOADER);
        if (straps === 2) {
          guest.store32(ROM_RAM.USER_START, IRAM_BASE);
          break;
        }
        state.set('phase', PHASE.STOPPED);
        return print('text_waiting');
      case PHASE.AFTER_LOADER: {
        const userStart = guest.load32(ROM_RAM.USER_START);
        if (straps === BOOT_STRAPS.FLASH || (straps === BOOT_STRAPS.UART_DOWNLOAD && userStart === 0)) {
          state.set('phase', PHASE.READ_HEADER);
          break;
        }
        state.set('phase', PHASE.STOPPED);
        installFatalHandlers(guest, labels);
        return answer(OP.CALL, userStart);
      }
      case PHASE.READ_HEADER:
        state.set('phase', PHASE.CHECK_HEADER);
        state.set('checksum', CHECKSUM_SEED);
        return answer(OP.READ, 0, ROM_RAM.BOOT_LINE, LINE_BYTES);
      case PHASE.CHECK_HEADER: {
        const word = guest.load32(ROM_RAM.BOOT_LINE);
        if ((word & 0xff) !== IMAGE_MAGIC) {
          state.set('phase', PHASE.FAILED);
          break;
        }
        configureFlashMode(guest, (word >>> 16) & 0xff);
        state.set('segmentsLeft', (word >>> 8) & 0xff);
        state.set('entry', guest.load32(ROM_RAM.BOOT_LINE + 4));
        state.set('position', 8);
        state.set('phase', PHASE.SEGMENT_HEADER);
        break;
      }
      case PHASE.SEGMENT_HEADER: {
        if (state.get('segmentsLeft') === 0) {
          state.set('phase', PHASE.CHECKSUM);
          break;
        }
        const inLine = state.get('position') & (LINE_BYTES - 1);
        if (inLine === 0 || inLine > LINE_BYTES - 8) {
          // The header begins in the next line or runs over into it.
          state.set('phase', inLine === 0 ? PHASE.SEGMENT_HEADER_SPLIT : PHASE.SEGMENT_HEADER_HO);
          state.set('headerLow', guest.load32(ROM_RAM.BOOT_LINE + LINE_BYTES - 4));
          return answer(
            OP.READ,
            (state.get('position') + 7) & ~(LINE_BYTES - 1),
            ROM_RAM.BOOT_LINE,
            LINE_BYTES,
          );
        }
        beginSegment(
          state,
          guest.load32(ROM_RAM.BOOT_LINE + inLine),
          guest.load32(ROM_RAM.BOOT_LINE + inLine + 4),
        );
        return print('text_load', state.get('loadAddr'), state.get('length'), state.get('room'));
      }
      case PHASE.SEGMENT_HEADER_HO:
        // The line is known, its three numbers are not: we print the halves of the header and the room behind it.
        state.set('phase', PHASE.SEGMENT_HEADER_SPLIT);
        return print('text_ho', 4, 4, LINE_BYTES - 4);
      case PHASE.SEGMENT_HEADER_SPLIT: {
        const split = (state.get('position') & (LINE_BYTES - 1)) !== 0;
        const low = split ? state.get('headerLow') : guest.load32(ROM_RAM.BOOT_LINE);
        beginSegment(state, low, guest.load32(ROM_RAM.BOOT_LINE + (split ? 0 : 4)));
        return print('text_load', state.get('loadAddr'), state.get('length'), state.get('room'));
      }
      case PHASE.SEGMENT_BULK: {
        if (!loadable(state.get('loadAddr'), state.get('length'))) {
          // What silicon does with such a segment was not measured; it cannot go on from here.
          state.set('phase', PHASE.FAILED);
          break;
        }
        const bulkAt = bytesInLine(state.get('room'), state.get('length'));
        copyFromLine(guest, LINE_BYTES - state.get('room'), state.get('loadAddr'), bulkAt);
        const bulk = state.get('length') - bulkAt - state.get('tail');
        state.set('phase', PHASE.SEGMENT_TAIL);
        if (bulk > 0)
          return answer(OP.READ, state.get('position') + bulkAt, state.get('loadAddr') + bulkAt, bulk);
        break;
      }
      case PHASE.SEGMENT_TAIL:
        state.set('phase', PHASE.SEGMENT_TAIL_PRINTED);
        return print('text_tail', state.get('tail'));
      case PHASE.SEGMENT_TAIL_PRINTED:
        state.set('phase', PHASE.SEGMENT_COPY_TAIL);
        if (state.get('tail') > 0) {
          return answer(
            OP.READ,
            state.get('position') + state.get('length') - state.get('tail'),
            ROM_RAM.BOOT_LINE,
            LINE_BYTES,
          );
        }
        break;
      case PHASE.SEGMENT_COPY_TAIL: {
        copyFromLine(
          guest,
          0,
          state.get('loadAddr') + state.get('length') - state.get('tail'),
          state.get('tail'),
        );
        let checksum = state.get('checksum');
        for (let offset = 0; offset < state.get('length'); offset += 4) {
          const word = guest.load32(state.get('loadAddr') + offset);
          checksum ^= word ^ (word >>> 8) ^ (word >>> 16) ^ (word >>> 24);
        }
        guest.chargeCycles(state.get('length') * 3);
        state.set('checksum', checksum & 0xff);
        state.set('phase', PHASE.SEGMENT_DONE);
        break;
      }
      case PHASE.SEGMENT_DONE:
        state.set('position', state.get('position') + state.get('length'));
        state.set('segmentsLeft', state.get('segmentsLeft') - 1);
        state.set('phase', PHASE.SEGMENT_HEADER);
        return print('text_chksum', state.get('checksum'));
      case PHASE.CHECKSUM:
        // The checksum byte is the last one of the 16-byte line in which the data end.
        state.set('phase', PHASE.COMPARE);
        if ((state.get('position') & (LINE_BYTES - 1)) === 0) {
          return answer(OP.READ, state.get('position'), ROM_RAM.BOOT_LINE, LINE_BYTES);
        }
        break;
      case PHASE.COMPARE:
        state.set('phase', PHASE.VERDICT);
        return print('text_csum', state.get('checksum'));
      case PHASE.VERDICT: {
        const expected = guest.load32(ROM_RAM.BOOT_LINE + LINE_BYTES - 4) >>> 24;
        if (expected !== state.get('checksum')) {
          state.set('phase', PHASE.FAILED);
          return print('text_csum_err');
        }
        installFatalHandlers(guest, labels);
        state.set('phase', PHASE.STOPPED);
        return answer(OP.CALL, state.get('entry'));
      }
      case PHASE.FAILED:
        state.set('phase', PHASE.STOPPED);
        return print('text_failed', labels.textOf('text_main'), labels.textOf('text_nothing'));
      default:
        return answer(OP.STOP);
    }
  }
}

function beginSegment(state: BootState, loadAddr: number, length: number): void {
  const position = state.get('position') + 8;
  const room = LINE_BYTES - (position & (LINE_BYTES - 1));
  state.set('position', position);
  state.set('loadAddr', loadAddr);
  state.set('length', length);
  state.set('room', room);
  state.set('tail', (length - bytesInLine(room, length)) & (LINE_BYTES - 1));
  state.set('phase', PHASE.SEGMENT_BULK);
}

/** How much of a segment lies in the line that its header was found in; with a room of 16 the next line has it all. */
function bytesInLine(room: number, length: number): number {
  return room < LINE_BYTES ? Math.min(room, length) : 0;
}

/** Bytes of the current line into RAM, as words: IRAM takes no others. */
function copyFromLine(guest: RomGuest, from: number, toAddr: number, length: number): void {
  for (let offset = 0; offset < length; offset += 4) {
    guest.store32(toAddr + offset, guest.load32(ROM_RAM.BOOT_LINE + from + offset));
  }
}

function loadable(addr: number, length: number): boolean {
  const start = addr >>> 0;
  const end = start + (length >>> 0);
  if (((start | length) & 3) !== 0) return false;
  return (
    (start >= DRAM_BASE && end <= DRAM_BASE + DRAM_SIZE) ||
    (start >= IRAM_BASE && end <= IRAM_BASE + IRAM_SIZE)
  );
}

function resetCause(guest: RomGuest): number {
  return guest.load32(RTC_BASE + 0x14) & 0xf;
}

function sdStraps(guest: RomGuest): number {
  return (guest.load32(GPIO_BASE + 0x18) >>> 29) & 7;
}

function installFatalHandlers(guest: RomGuest, labels: BootLabels): void {
  for (const cause of FATAL_CAUSES) guest.store32(ROM_RAM.C_HANDLERS + 4 * cause, labels.fatalHandlerAddr);
}
