import { FLASH_COMMAND } from './flash-commands';
import { SPI_REGISTERS } from './spi-registers';

/** How a flash read goes over the wires. */
export interface SpiReadMode {
  readonly opcode: number;
  readonly addrLines: number;
  readonly dataLines: number;
  readonly dummyClocks: number;
}

const R = SPI_REGISTERS;
const C = FLASH_COMMAND;
const SLOW: SpiReadMode = { opcode: C.READ, addrLines: 1, dataLines: 1, dummyClocks: 0 };
const FAST: SpiReadMode = { opcode: C.FAST_READ, addrLines: 1, dataLines: 1, dummyClocks: 8 };
const QIO: SpiReadMode = { opcode: C.READ_QUAD_IO, addrLines: 4, dataLines: 4, dummyClocks: 6 };
const DIO: SpiReadMode = { opcode: C.READ_DUAL_IO, addrLines: 2, dataLines: 2, dummyClocks: 4 };
const QOUT: SpiReadMode = { opcode: C.READ_QUAD_OUTPUT, addrLines: 1, dataLines: 4, dummyClocks: 8 };
const DOUT: SpiReadMode = { opcode: C.READ_DUAL_OUTPUT, addrLines: 1, dataLines: 2, dummyClocks: 8 };

/** The controller picks the opcode by the mode bits of CTRL, and sends the dummies that belong to it. */
export function spiReadMode(ctrl: number): SpiReadMode {
  if ((ctrl & R.SPI_FASTRD_MODE) === 0) return SLOW;
  if ((ctrl & R.SPI_QIO_MODE) !== 0) return QIO;
  if ((ctrl & R.SPI_DIO_MODE) !== 0) return DIO;
  if ((ctrl & R.SPI_QOUT_MODE) !== 0) return QOUT;
  return (ctrl & R.SPI_DOUT_MODE) !== 0 ? DOUT : FAST;
}

/** Whether reads need the chip's quad mode. */
export function isQuadRead(ctrl: number): boolean {
  return (ctrl & R.SPI_FASTRD_MODE) !== 0 && (ctrl & (R.SPI_QIO_MODE | R.SPI_QOUT_MODE)) !== 0;
}

/** Bus clocks are the APB clock divided by this: CLOCK's divider, of USR transfers. */
export function userClockDivider(clock: number): number {
  if ((clock & R.SPI_CLK_EQU_SYSCLK) !== 0) return 1;
  return (((clock >> 18) & 0x1fff) + 1) * (((clock >> 12) & 0x3f) + 1);
}

/** The same, of flash commands: CTRL's divider. */
export function flashClockDivider(ctrl: number): number {
  return (ctrl & R.SPI_CTRL_CLK_EQU_SYSCLK) !== 0 ? 1 : ((ctrl >> 8) & 0xf) + 1;
}
