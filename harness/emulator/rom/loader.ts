import { UART0_BASE } from '../../chip/esp8266';
import { divModify } from './chip-calls';
import { ROM_RAM } from './layout';
import { LoaderState } from './loader-state';
import type { RomCall, RomGuest } from './rom-call';

/*
 * The ROM's serial loader, board side, literally as measured (chip.md 6.2): SLIP frames, eight answers to SYNC, stale
 * op and reason bytes, a sequence counter that advances before the checksum is looked at. It shares no code with the
 * host's flasher: each is the other's check.
 */
const OP = { WAIT: 0, SEND: 1, ERASE: 2, WRITE: 3, READ: 4, DELAY: 5, ATTACH: 6, LEAVE: 7 } as const;

const PHASE = {
  AUTOBAUD_START: 0,
  AUTOBAUD: 1,
  COMMAND: 2,
  ATTACHED: 3,
  ERASED: 4,
  WRITTEN: 5,
  VERIFIED: 6,
  REGISTERS: 7,
  REGISTER: 8,
} as const;

const COMMAND = {
  FLASH_BEGIN: 2,
  FLASH_DATA: 3,
  FLASH_END: 4,
  MEM_BEGIN: 5,
  MEM_END: 6,
  MEM_DATA: 7,
  SYNC: 8,
  WRITE_REG: 9,
  READ_REG: 10,
  SPI_SET_PARAMS: 11,
} as const;

const REASON = { FORMAT: 5, FLASH: 6, CHECKSUM: 7, VERIFY: 8 } as const;

const SLIP_END = 0xc0;
const SLIP_ESC = 0xdb;
const SLIP_ESC_END = 0xdc;
const SLIP_ESC_ESC = 0xdd;

const REQUEST_HEADER_BYTES = 8;
const BLOCK_HEADER_BYTES = 16;
const MAX_BLOCK_BYTES = 0x1800;
const MAX_FRAME_BYTES = 0x2000;
const TOO_LONG = 0xffff;
const CHECKSUM_SEED = 0xef;
const SYNC_ANSWERS = 8;
const CYCLES_PER_BYTE = 12;

const UART_AUTOBAUD = UART0_BASE + 0x18;
const UART_LOWPULSE = UART0_BASE + 0x28;
const UART_HIGHPULSE = UART0_BASE + 0x2c;
const UART_RXD_CNT = UART0_BASE + 0x30;
const AUTOBAUD_FILTER = 8 << 8;
const AUTOBAUD_EDGES = 29;
/** What the ROM adds to the measured pulses: the glitch filter eats as much of them. */
const AUTOBAUD_CORRECTION = 12;
const AUTOBAUD_POLL_MICROS = 1000;

const FRAME = ROM_RAM.LOADER_BUFFER;
const DATA = FRAME + REQUEST_HEADER_BYTES;
/** The answer as it goes out: our own place, inside the area that the ROM clears at reset. */
const ANSWER = 0x3fffdc00;

/** The step of the loader, as a ROM call at one of our own addresses. */
export function loaderCall(addr: number): RomCall {
  return {
    addr,
    name: 'native_loader_step',
    cycles: 20,
    run: (guest) => {
      step(guest, new LoaderState(guest));
      return undefined;
    },
  };
}

function operation(guest: RomGuest, op: number, a3 = 0, a4 = 0, a5 = 0): void {
  guest.ar[2] = op;
  guest.ar[3] = a3;
  guest.ar[4] = a4;
  guest.ar[5] = a5;
}

function step(guest: RomGuest, state: LoaderState): void {
  const result = guest.ar[2]!;
  if (state.get('repeats') > 0) {
    state.set('repeats', state.get('repeats') - 1);
    return operation(guest, OP.SEND, ANSWER, state.get('answerBytes'));
  }
  if (state.get('leaving') !== 0) return operation(guest, OP.LEAVE);
  switch (state.get('phase')) {
    case PHASE.AUTOBAUD_START:
      guest.store32(UART_AUTOBAUD, AUTOBAUD_FILTER);
      guest.store32(UART_AUTOBAUD, AUTOBAUD_FILTER | 1);
      state.set('phase', PHASE.AUTOBAUD);
      return operation(guest, OP.DELAY, AUTOBAUD_POLL_MICROS);
    case PHASE.AUTOBAUD:
      if (guest.load32(UART_RXD_CNT) <= AUTOBAUD_EDGES)
        return operation(guest, OP.DELAY, AUTOBAUD_POLL_MICROS);
      divModify(
        guest,
        0,
        ((guest.load32(UART_LOWPULSE) + guest.load32(UART_HIGHPULSE)) >>> 1) + AUTOBAUD_CORRECTION,
      );
      guest.store32(UART_AUTOBAUD, AUTOBAUD_FILTER);
      state.emptyRing();
      state.set('phase', PHASE.COMMAND);
      return operation(guest, OP.WAIT);
    case PHASE.ATTACHED:
      state.set('phase', PHASE.ERASED);
      return operation(guest, OP.ERASE, state.get('nextAddr'), guest.load32(DATA));
    case PHASE.ERASED:
      state.set('phase', PHASE.COMMAND);
      if (result !== 0) return answer(guest, state, REASON.FLASH);
      return answer(guest, state, 0);
    case PHASE.WRITTEN: {
      if (result !== 0) {
        state.set('phase', PHASE.COMMAND);
        return answer(guest, state, REASON.VERIFY);
      }
      // The block is read back over itself; its checksum must still be the one that was sent.
      state.set('phase', PHASE.VERIFIED);
      return operation(guest, OP.READ, state.get('nextAddr'), DATA + BLOCK_HEADER_BYTES, guest.load32(DATA));
    }
    case PHASE.VERIFIED: {
      state.set('phase', PHASE.COMMAND);
      const length = guest.load32(DATA) >>> 0;
      if (result !== 0 || checksumOf(guest, DATA + BLOCK_HEADER_BYTES, length) !== guest.load8(FRAME + 4)) {
        return answer(guest, state, REASON.VERIFY);
      }
      state.set('nextAddr', state.get('nextAddr') + length);
      return answer(guest, state, 0);
    }
    case PHASE.REGISTERS:
    case PHASE.REGISTER:
      return writeRegisters(guest, state);
    default:
      return receive(guest, state);
  }
}

/** Takes bytes until a frame is whole, then acts on it. */
function receive(guest: RomGuest, state: LoaderState): void {
  let slip = state.get('slip');
  let frameBytes = state.get('frameBytes');
  for (;;) {
    const byte = state.takeByte();
    if (byte < 0) break;
    guest.chargeCycles(CYCLES_PER_BYTE);
    if (slip === 0) {
      if (byte === SLIP_END) {
        slip = 1;
        frameBytes = 0;
      }
      continue;
    }
    if (byte === SLIP_END) {
      if (frameBytes === 0) continue; // an END in front of the next frame
      state.set('slip', 0);
      state.set('frameBytes', 0);
      if (frameBytes === TOO_LONG) return refuse(guest, state, REASON.FORMAT);
      return dispatch(guest, state, frameBytes);
    }
    let value = byte;
    if (slip === 2) {
      slip = 1;
      value = byte === SLIP_ESC_END ? SLIP_END : byte === SLIP_ESC_ESC ? SLIP_ESC : byte;
    } else if (byte === SLIP_ESC) {
      slip = 2;
      continue;
    }
    if (frameBytes >= MAX_FRAME_BYTES) frameBytes = TOO_LONG;
    else guest.store8(FRAME + frameBytes++, value);
  }
  state.set('slip', slip);
  state.set('frameBytes', frameBytes);
  operation(guest, OP.WAIT);
}

function dispatch(guest: RomGuest, state: LoaderState, frameBytes: number): void {
  const direction = guest.load8(FRAME);
  const op = guest.load8(FRAME + 1);
  const length = guest.load8(FRAME + 2) | (guest.load8(FRAME + 3) << 8);
  if (
    direction !== 0 ||
    op < COMMAND.FLASH_BEGIN ||
    op > COMMAND.SPI_SET_PARAMS ||
    frameBytes < REQUEST_HEADER_BYTES
  ) {
    // The answer names the command before this one, and comes eight times if that was a SYNC.
    return refuse(guest, state, REASON.FORMAT);
  }
  state.set('lastOp', op);
  switch (op) {
    case COMMAND.SYNC:
      state.set('value', guest.load32(DATA));
      state.set('reason', 0);
      return answer(guest, state, 0);
    case COMMAND.READ_REG:
      state.set('value', guest.load32(guest.load32(DATA) & ~3));
      state.set('reason', 0);
      return answer(guest, state, 0);
    case COMMAND.WRITE_REG:
      state.set('reason', 0);
      state.set('entry', 0);
      state.set('phase', PHASE.REGISTERS);
      return writeRegisters(guest, state);
    case COMMAND.FLASH_BEGIN:
      if (length !== 16 || guest.load32(DATA + 8) >>> 0 > MAX_BLOCK_BYTES)
        return refuse(guest, state, REASON.FORMAT);
      begin(guest, state);
      state.set('phase', PHASE.ATTACHED);
      return operation(guest, OP.ATTACH);
    case COMMAND.MEM_BEGIN:
      if (length !== 16 || guest.load32(DATA + 8) >>> 0 > MAX_BLOCK_BYTES)
        return refuse(guest, state, REASON.FORMAT);
      begin(guest, state);
      return answer(guest, state, 0);
    case COMMAND.FLASH_DATA:
    case COMMAND.MEM_DATA:
      return block(guest, state, op === COMMAND.MEM_DATA, length);
    case COMMAND.FLASH_END:
      // The flag is ignored: the loader is left either way, and the flash is booted.
      state.set('leaving', 1);
      guest.store32(ROM_RAM.USER_START, 0);
      return state.get('blocksDone') === state.get('blocks')
        ? answer(guest, state, 0)
        : refuse(guest, state, REASON.FLASH);
    case COMMAND.MEM_END:
      if (length > 8) return refuse(guest, state, REASON.FORMAT);
      if (guest.load8(DATA) === 0) {
        guest.store32(ROM_RAM.USER_START, guest.load32(DATA + 4));
        state.set('leaving', 1);
      }
      return answer(guest, state, 0);
    default: {
      if (length !== 24) return refuse(guest, state, REASON.FORMAT);
      const chip = guest.load32(ROM_RAM.FLASH_CHIP_POINTER);
      for (let word = 0; word < 24; word += 4) guest.store32(chip + word, guest.load32(DATA + word));
      return answer(guest, state, 0);
    }
  }
}

function begin(guest: RomGuest, state: LoaderState): void {
  state.set('sequence', 0);
  state.set('blocksDone', 0);
  state.set('blocks', guest.load32(DATA + 4));
  state.set('blockBytes', guest.load32(DATA + 8));
  state.set('nextAddr', guest.load32(DATA + 12));
}

function block(guest: RomGuest, state: LoaderState, toMemory: boolean, length: number): void {
  const dataBytes = guest.load32(DATA) >>> 0;
  if (
    length > MAX_BLOCK_BYTES + BLOCK_HEADER_BYTES ||
    guest.load32(DATA + 4) >>> 0 !== state.get('sequence') ||
    dataBytes > state.get('blockBytes') ||
    (dataBytes & 3) !== 0
  ) {
    return refuse(guest, state, REASON.FORMAT);
  }
  // Counted before the checksum is looked at: a host that sends the same block again must call it the next one.
  state.set('sequence', state.get('sequence') + 1);
  if (checksumOf(guest, DATA + BLOCK_HEADER_BYTES, dataBytes) !== guest.load8(FRAME + 4)) {
    return refuse(guest, state, REASON.CHECKSUM);
  }
  state.set('blocksDone', state.get('blocksDone') + 1);
  if (!toMemory) {
    state.set('phase', PHASE.WRITTEN);
    return operation(guest, OP.WRITE, state.get('nextAddr'), DATA + BLOCK_HEADER_BYTES, dataBytes);
  }
  const to = state.get('nextAddr');
  for (let offset = 0; offset < dataBytes; offset += 4) {
    guest.store32(to + offset, guest.load32(DATA + BLOCK_HEADER_BYTES + offset));
  }
  guest.chargeCycles(dataBytes * 2);
  state.set('nextAddr', to + dataBytes);
  return answer(guest, state, 0);
}

/** WRITE_REG: entries of {address, value, mask, delay}; the delay comes before the write. */
function writeRegisters(guest: RomGuest, state: LoaderState): void {
  const length = guest.load8(FRAME + 2) | (guest.load8(FRAME + 3) << 8);
  const entries = length >> 4;
  for (;;) {
    const index = state.get('entry');
    if (index >= entries) {
      state.set('phase', PHASE.COMMAND);
      return answer(guest, state, 0);
    }
    const entry = DATA + 16 * index;
    const delayMicros = guest.load32(entry + 12) & 0xffff;
    if (state.get('phase') === PHASE.REGISTERS && delayMicros > 0) {
      state.set('phase', PHASE.REGISTER);
      return operation(guest, OP.DELAY, delayMicros);
    }
    state.set('phase', PHASE.REGISTERS);
    const addr = guest.load32(entry);
    const mask = guest.load32(entry + 8);
    guest.store32(addr, (guest.load32(entry + 4) & mask) | (guest.load32(addr) & ~mask));
    state.set('entry', index + 1);
  }
}

function checksumOf(guest: RomGuest, addr: number, length: number): number {
  let checksum = CHECKSUM_SEED;
  for (let offset = 0; offset < length; offset += 4) {
    const word = guest.load32(addr + offset);
    checksum ^= word ^ (word >>> 8) ^ (word >>> 16) ^ (word >>> 24);
  }
  guest.chargeCycles(length * 3);
  return checksum & 0xff;
}

function refuse(guest: RomGuest, state: LoaderState, reason: number): void {
  state.set('reason', reason);
  state.set('failed', 1);
  send(guest, state);
}

function answer(guest: RomGuest, state: LoaderState, reason: number): void {
  if (reason !== 0) return refuse(guest, state, reason);
  state.set('failed', 0);
  send(guest, state);
}

/** Puts the answer, as SLIP, where the guest half sends it from: eight times after a SYNC. */
function send(guest: RomGuest, state: LoaderState): void {
  const value = state.get('value');
  const op = state.get('lastOp');
  const plain = [1, op, 2, 0, value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
  plain.push(state.get('failed'), state.get('reason'));
  let at = ANSWER;
  const put = (byte: number): void => guest.store8(at++, byte);
  put(SLIP_END);
  for (const byte of plain) {
    if (byte === SLIP_END || byte === SLIP_ESC) {
      put(SLIP_ESC);
      put(byte === SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC);
    } else put(byte);
  }
  put(SLIP_END);
  state.set('answerBytes', at - ANSWER);
  state.set('repeats', (op === COMMAND.SYNC ? SYNC_ANSWERS : 1) - 1);
  operation(guest, OP.SEND, ANSWER, at - ANSWER);
}
