import type { Board } from '../board';
import { EmulatorFault } from '../fault';

/**
 * Memory as a debugger sees it: any width anywhere. Registers of the chip are read whole, with all that reading them
 * does (a FIFO gives its next byte). Undefined where there is nothing.
 */
export function peekMemory(board: Board, addr: number, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  let registerAddr = -1;
  let register = 0;
  for (let i = 0; i < length; i++) {
    const at = board.bus.locate(addr + i);
    if (at >= 0) {
      bytes[i] = board.memory.bytes[at]!;
      continue;
    }
    const wordAddr = ((addr + i) & ~3) >>> 0;
    if (wordAddr !== registerAddr) {
      const value = readRegisterQuietly(board, wordAddr);
      if (value === undefined) return undefined;
      registerAddr = wordAddr;
      register = value;
    }
    bytes[i] = register >>> (8 * ((addr + i) & 3));
  }
  return bytes;
}

/** Without the count that lenient boards keep of their guest's mistakes. */
function readRegisterQuietly(board: Board, addr: number): number | undefined {
  const unmappedBefore = board.bus.unmappedCount;
  try {
    const value = board.bus.readRegister(addr, board.cpu.pc);
    return board.bus.unmappedCount === unmappedBefore ? value : undefined;
  } catch (error) {
    if (error instanceof EmulatorFault) return undefined;
    throw error;
  } finally {
    board.bus.unmappedCount = unmappedBefore;
  }
}

/** RAM byte by byte, registers whole words only; ROM and flash are refused. */
export function pokeMemory(board: Board, addr: number, bytes: Uint8Array): boolean {
  const places = Array.from(bytes, (_, i) => board.bus.locate(addr + i));
  if (places.every((at) => at >= 0)) {
    const isReadOnly = (each: number): boolean => each >>> 24 === 0x40 && each >>> 20 !== 0x401;
    if (bytes.length > 0 && (isReadOnly(addr) || isReadOnly(addr + bytes.length - 1))) return false;
    places.forEach((at, i) => (board.memory.bytes[at] = bytes[i]!));
    if (bytes.length > 0 && addr >>> 20 === 0x401) board.cpu.codeTable.invalidate(addr, bytes.length);
    return true;
  }
  if ((addr & 3) !== 0 || bytes.length % 4 !== 0 || places.some((at) => at >= 0)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    for (let i = 0; i < bytes.length; i += 4)
      board.bus.writeRegister(addr + i, view.getUint32(i, true), board.cpu.pc);
    return true;
  } catch (error) {
    if (error instanceof EmulatorFault) return false;
    throw error;
  }
}
