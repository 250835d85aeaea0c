import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProgramBoard } from '../testkit/run-program';

const UART_RX_ONE_CHAR = 0x40003b8c;
const UART_RX_ONE_CHAR_BLOCK = 0x40003b64;
const ETS_ISR_MASK = 0x40000f98;
const UART_INTERRUPT = 1 << 5;
/** What the ROM sets at 26 MHz. */
const ROM_BAUD = 74928;
const BYTE_AT = 0x3fff8000;

const guest = new ProgramBoard();
beforeEach(() => guest.rewind());

const fetch = (): number | undefined =>
  guest.call(UART_RX_ONE_CHAR, [BYTE_AT]) === 0 ? guest.bytes(BYTE_AT, 1)[0] : undefined;
const arrive = (...bytes: number[]): void => {
  for (const byte of bytes) guest.board.receiveByte(byte, ROM_BAUD);
  guest.board.runFor(bytes.length * 200_000);
};

describe('uart_rx_one_char', () => {
  it('gives back what arrived, in order, and says when there is nothing', () => {
    arrive(1, 2, 3);
    expect([fetch(), fetch(), fetch(), fetch()]).toEqual([1, 2, 3, undefined]);
  });

  it('fetches from the FIFO what no interrupt has fetched, behind what the ring holds', () => {
    arrive(7);
    guest.call(ETS_ISR_MASK, [UART_INTERRUPT]);
    arrive(8, 9);
    expect([fetch(), fetch(), fetch(), fetch()]).toEqual([7, 8, 9, undefined]);
  });
});

describe('uart_rx_one_char_block', () => {
  it('waits for a byte and returns it', () => {
    guest.load('callx0 a8\nend: j end');
    guest.cpu.ar[8] = UART_RX_ONE_CHAR_BLOCK;
    guest.run(5000);
    expect(guest.cpu.pc).not.toBe(guest.addrOf('end'));
    guest.board.receiveByte(0xc7, ROM_BAUD);
    guest.runTo('end', 5000);
    expect(guest.cpu.ar[2]).toBe(0xc7);
  });
});
