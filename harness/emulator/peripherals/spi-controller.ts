/**
 * One of the two SPI controllers; the flash chip hangs on SPI0. Register facts: spi-registers.ts.
 *
 * A transfer is carried out at the write to CMD and takes its time on the bus afterwards: CMD shows its bit until
 * then, while W0-W15 and RD_STATUS have the result already. Software that waits for CMD, as all does, cannot tell.
 */
import { Alarm } from '../event-queue';
import { EmulatorFault } from '../fault';
import { TICKS_PER_SECOND } from '../time';
import { FLASH_COMMAND } from './flash-commands';
import type { IrqLine, Peripheral, PeripheralContext, SavedState } from './peripheral';
import { SavedFields } from './saved-fields';
import type { SpiDevice } from './spi-device';
import { SPI_DATA_BYTES, SpiDataBuffer, SpiFrame } from './spi-frame';
import { flashClockDivider, isQuadRead, spiReadMode, userClockDivider } from './spi-modes';
import { SPI_REGISTERS } from './spi-registers';

export interface SpiControllerConfig extends PeripheralContext {
  /** `SPI0` or `SPI1`. */
  readonly name: string;
  /** What hangs on chip select 0; nothing when left out: MISO reads all-ones. */
  readonly device?: SpiDevice;
  /** `clocked`: transfers take their clock cycles in virtual time. `instant`: none. */
  readonly busTiming: 'clocked' | 'instant';
}

const R = SPI_REGISTERS;
const C = FLASH_COMMAND;
const REGISTERS = R.SPI_SIZE_BYTES / 4;
const RD_STATUS_MODE_BITS = 0xffff0000;
/** The bits of CMD that mean something: 18-31. */
const COMMANDS = 0xfffc0000;

export class SpiController implements Peripheral {
  readonly name: string;
  /** Level of TRANS_DONE where it is enabled; the board merges it into interrupt 2 and DPORT+20. */
  onIrq: IrqLine | undefined;
  /** Told when CTRL ENABLE_AHB changes: the flash cache listens. */
  onAhbChange: ((enabled: boolean) => void) | undefined;
  /** Marks the end of a transfer that shall interrupt. The board registers it, so that a snapshot can name it. */
  readonly alarm: Alarm;

  private readonly context: PeripheralContext;
  private readonly device: SpiDevice | undefined;
  private readonly isClocked: boolean;
  private readonly registers = new Uint32Array(REGISTERS);
  private readonly data = new SpiDataBuffer();
  private readonly frame = new SpiFrame();
  private readonly rx = new Uint8Array(SPI_DATA_BYTES);
  /** What CMD reads until `busyUntilTicks`. */
  private commandBits = 0;
  private busyUntilTicks = 0;
  /** The end of a transfer has not been turned into TRANS_DONE yet. */
  private isEnding = false;
  private transDone = false;

  constructor(config: SpiControllerConfig) {
    this.name = config.name;
    this.context = config;
    this.device = config.device;
    this.isClocked = config.busTiming === 'clocked';
    this.alarm = new Alarm(`${config.name}-done`, () => this.updateIrq());
  }

  /** CTRL bit 17: one of the two conditions of a live flash window. */
  get ahbEnabled(): boolean {
    return (this.ctrl & R.SPI_ENABLE_AHB) !== 0;
  }

  get busy(): boolean {
    return this.busyUntilTicks > this.context.scheduler.nowTicks();
  }

  /** Whether a cache fetch would get the chip's content now. */
  get fetchable(): boolean {
    return this.device !== undefined && !this.busy && this.device.isFetchable(isQuadRead(this.ctrl));
  }

  read32(offset: number): number {
    if (offset >= R.SPI_W0 && offset < R.SPI_W_END) return this.data.word(offset - R.SPI_W0);
    switch (offset) {
      case R.SPI_CMD:
        return this.busy ? this.commandBits : 0;
      case R.SPI_EXT2:
        return this.busy ? 1 : 0;
      case R.SPI_SLAVE:
        return (this.registers[R.SPI_SLAVE >> 2]! | (this.settleDone() ? R.SPI_TRANS_DONE : 0)) >>> 0;
      default:
        this.checkOffset(offset);
        return this.registers[offset >> 2]!;
    }
  }

  write32(offset: number, value: number): void {
    if (offset >= R.SPI_W0 && offset < R.SPI_W_END) {
      this.data.setWord(offset - R.SPI_W0, value);
      return;
    }
    switch (offset) {
      case R.SPI_CMD:
        this.start(value);
        return;
      case R.SPI_CTRL:
        this.setCtrl(value);
        return;
      case R.SPI_SLAVE:
        this.setSlave(value);
        return;
      case R.SPI_EXT2:
        return;
      default:
        this.checkOffset(offset);
        this.registers[offset >> 2] = value;
    }
  }

  /** All kinds alike: the controller belongs to the chip. The flash chip has its own supply and is left alone. */
  reset(): void {
    this.setCtrl(0);
    this.registers.fill(0);
    this.data.bytes.fill(0);
    this.commandBits = 0;
    this.busyUntilTicks = 0;
    this.isEnding = false;
    this.transDone = false;
    this.context.scheduler.cancel(this.alarm);
    this.onIrq?.(false);
  }

  save(): SavedState {
    // The same moment gives the same fields, whether or not software has looked at TRANS_DONE.
    this.settleDone();
    return {
      version: 1,
      registers: Array.from(this.registers),
      data: Array.from(this.data.bytes),
      commandBits: this.commandBits,
      busyUntilTicks: this.busyUntilTicks,
      isEnding: this.isEnding,
      transDone: this.transDone,
    };
  }

  /** @throws EmulatorFault ESPRIG_EMU_SNAPSHOT for another version */
  restore(state: SavedState): void {
    const fields = new SavedFields(this.name, state, 1);
    this.registers.set(fields.numbers('registers', REGISTERS));
    this.data.bytes.set(fields.numbers('data', SPI_DATA_BYTES));
    this.commandBits = fields.number('commandBits');
    this.busyUntilTicks = fields.number('busyUntilTicks');
    this.isEnding = fields.boolean('isEnding');
    this.transDone = fields.boolean('transDone');
    this.onAhbChange?.(this.ahbEnabled);
    this.updateIrq();
  }

  private get ctrl(): number {
    return this.registers[R.SPI_CTRL >> 2]!;
  }

  private get user(): number {
    return this.registers[R.SPI_USER >> 2]!;
  }

  /** TRANS_DONE, brought up to date: without its interrupt no alarm marks the end of a transfer. */
  private settleDone(): boolean {
    if (this.isEnding && !this.busy) {
      this.isEnding = false;
      this.transDone = true;
    }
    return this.transDone;
  }

  private checkOffset(offset: number): void {
    if (offset < R.SPI_W_END || (offset >= R.SPI_EXT0 && offset < R.SPI_SIZE_BYTES)) return;
    throw new EmulatorFault(
      'ESPRIG_EMU_UNIMPLEMENTED',
      `${this.name} has no register +0x${offset.toString(16)}`,
    );
  }

  private setCtrl(value: number): void {
    const changed = ((this.ctrl ^ value) & R.SPI_ENABLE_AHB) !== 0;
    this.registers[R.SPI_CTRL >> 2] = value;
    if (changed) this.onAhbChange?.(this.ahbEnabled);
  }

  /** TRANS_DONE is cleared by writing 0; a 1 leaves it. SYNC_RESET is a pulse. */
  private setSlave(value: number): void {
    if (this.settleDone() && (value & R.SPI_TRANS_DONE) === 0) this.transDone = false;
    this.registers[R.SPI_SLAVE >> 2] = value & ~(R.SPI_SYNC_RESET | R.SPI_TRANS_DONE);
    this.awaitEnd();
    this.updateIrq();
  }

  private get isIrqEnabled(): boolean {
    return (this.registers[R.SPI_SLAVE >> 2]! & R.SPI_TRANS_DONE_EN) !== 0;
  }

  private awaitEnd(): void {
    if (this.isEnding && this.isIrqEnabled)
      this.context.scheduler.scheduleAt(this.alarm, this.busyUntilTicks);
  }

  private updateIrq(): void {
    this.onIrq?.(this.settleDone() && this.isIrqEnabled);
  }

  /** Several bits at once, which no software sets, are carried out from bit 31 down. */
  private start(command: number): void {
    for (let left = command & COMMANDS; left !== 0;) {
      const bit = 0x80000000 >>> Math.clz32(left);
      left &= ~bit;
      this.carryOut(bit);
    }
  }

  private carryOut(bit: number): void {
    this.frame.begin();
    const slave = this.registers[R.SPI_SLAVE >> 2]!;
    // As a slave it waits for a master, and there is none.
    if ((slave & R.SPI_SLAVE_MODE) !== 0) return;
    this.settleDone();
    this.registers[R.SPI_SLAVE >> 2] =
      (slave & ~R.SPI_TRANS_CNT) | ((slave + R.SPI_TRANS_CNT_ONE) & R.SPI_TRANS_CNT);
    switch (bit) {
      case R.SPI_FLASH_READ:
        this.readFlash();
        break;
      case R.SPI_FLASH_WREN:
        this.plainCommand(C.WREN);
        break;
      case R.SPI_FLASH_WRDI:
        this.plainCommand(C.WRDI);
        break;
      case R.SPI_FLASH_RDID:
        this.frame.push(C.RDID, 8, 1);
        this.exchange(3, 1);
        this.data.setWord(0, this.rx[0]! | (this.rx[1]! << 8) | (this.rx[2]! << 16));
        break;
      case R.SPI_FLASH_RDSR:
        this.frame.push(C.RDSR1, 8, 1);
        this.exchange(1, 1);
        this.registers[R.SPI_RD_STATUS >> 2] =
          (this.registers[R.SPI_RD_STATUS >> 2]! & RD_STATUS_MODE_BITS) | this.rx[0]!;
        break;
      case R.SPI_FLASH_WRSR:
        this.writeStatus();
        break;
      case R.SPI_FLASH_PP:
        this.programPage();
        break;
      case R.SPI_FLASH_SE:
        this.addressCommand(C.SE);
        break;
      case R.SPI_FLASH_BE:
        this.addressCommand(C.BE64);
        break;
      case R.SPI_FLASH_CE:
        this.plainCommand(C.CE);
        break;
      case R.SPI_FLASH_DP:
        this.plainCommand(C.DP);
        break;
      case R.SPI_FLASH_RES:
        this.plainCommand(C.RES);
        break;
      case R.SPI_FLASH_HPM:
        this.plainCommand(C.HPM);
        break;
      default:
        this.userTransfer();
    }
    this.commandBits = bit;
    this.isEnding = true;
    this.awaitEnd();
  }

  private plainCommand(opcode: number): void {
    this.frame.push(opcode, 8, 1);
    this.exchange(0, 1);
  }

  private addressCommand(opcode: number): void {
    this.frame.push(opcode, 8, 1);
    this.frame.push(this.registers[R.SPI_ADDR >> 2]! & 0xffffff, 24, 1);
    this.exchange(0, 1);
  }

  private readFlash(): void {
    const bytes = this.byteCount();
    const { opcode, addrLines, dataLines, dummyClocks } = spiReadMode(this.ctrl);
    this.frame.push(opcode, 8, 1);
    this.frame.push(this.registers[R.SPI_ADDR >> 2]! & 0xffffff, 24, addrLines);
    if (dummyClocks > 0) this.frame.push(0xffffffff, dummyClocks * addrLines, addrLines);
    this.exchange(bytes, dataLines);
    for (let i = 0; i < bytes; i++) this.data.bytes[i] = this.rx[i]!;
  }

  private programPage(): void {
    const bytes = this.byteCount();
    const quad = (this.user & R.SPI_FWRITE_QUAD) !== 0;
    this.frame.push(quad ? C.QUAD_PP : C.PP, 8, 1);
    this.frame.push(this.registers[R.SPI_ADDR >> 2]! & 0xffffff, 24, 1);
    for (let i = 0; i < bytes; i++) this.frame.push(this.data.bytes[i]!, 8, quad ? 4 : 1);
    this.exchange(0, 1);
  }

  private writeStatus(): void {
    const value = this.registers[R.SPI_RD_STATUS >> 2]!;
    this.frame.push(C.WRSR1, 8, 1);
    this.frame.push(value & 0xff, 8, 1);
    if ((this.ctrl & R.SPI_WRSR_2B) !== 0) this.frame.push((value >> 8) & 0xff, 8, 1);
    this.exchange(0, 1);
  }

  /** Bits 24-31 of ADDR. @throws EmulatorFault ESPRIG_EMU_UNIMPLEMENTED for more than W0-W15 hold */
  private byteCount(): number {
    const bytes = this.registers[R.SPI_ADDR >> 2]! >>> 24;
    if (bytes <= SPI_DATA_BYTES) return bytes;
    throw new EmulatorFault(
      'ESPRIG_EMU_UNIMPLEMENTED',
      `${this.name}: transfer of ${bytes} bytes, the buffer holds ${SPI_DATA_BYTES}`,
    );
  }

  /** CMD bit 18: the phases that USER enables, in the order command, address, dummy, MOSI, MISO. */
  private userTransfer(): void {
    const { user } = this;
    const user1 = this.registers[R.SPI_USER1 >> 2]!;
    const user2 = this.registers[R.SPI_USER2 >> 2]!;
    if ((user & R.SPI_USR_COMMAND) !== 0) this.frame.pushCommand(user2 & 0xffff, (user2 >>> 28) + 1);
    if ((user & R.SPI_USR_ADDR) !== 0)
      this.frame.pushAddress(
        this.registers[R.SPI_ADDR >> 2]!,
        this.registers[R.SPI_WR_STATUS >> 2]!,
        (user1 >>> 26) + 1,
      );
    if ((user & R.SPI_USR_DUMMY) !== 0) this.frame.pushDummies((user1 & 0xff) + 1);
    const mosiBits = (user & R.SPI_USR_MOSI) !== 0 ? ((user1 >>> 17) & 0x1ff) + 1 : 0;
    const duplex = (user & R.SPI_DUPLEX) !== 0;
    if (mosiBits > 0) this.sendData(mosiBits);
    const misoBits = (user & R.SPI_USR_MISO) !== 0 || duplex ? ((user1 >>> 8) & 0x1ff) + 1 : 0;
    this.exchange((misoBits + 7) >> 3, 1, true);
    // While MOSI is being sent no device of ours drives MISO: full duplex reads the idle line.
    if (duplex && mosiBits > 0) this.rx.fill(0xff);
    if (misoBits > 0) this.storeData(misoBits);
  }

  private sendData(bits: number): void {
    const { user, ctrl } = this;
    const from = (user & R.SPI_USR_MOSI_HIGHPART) !== 0 ? SPI_DATA_BYTES / 2 : 0;
    const isBigEndian = (user & R.SPI_WR_BYTE_ORDER) !== 0;
    this.data.pushTo(this.frame, from, bits, isBigEndian, (ctrl & R.SPI_WR_BIT_ORDER) !== 0);
  }

  private storeData(bits: number): void {
    const { user, ctrl } = this;
    const from = (user & R.SPI_USR_MISO_HIGHPART) !== 0 ? SPI_DATA_BYTES / 2 : 0;
    const isBigEndian = (user & R.SPI_RD_BYTE_ORDER) !== 0;
    this.data.takeFrom(this.rx, from, bits, isBigEndian, (ctrl & R.SPI_RD_BIT_ORDER) !== 0);
  }

  /** One select cycle: sends what was pushed, fills `rx`. Begins when the bus is free. */
  private exchange(rxBytes: number, lines: number, isUser = false): void {
    const nowTicks = this.context.scheduler.nowTicks();
    const startTicks = Math.max(nowTicks, this.busyUntilTicks);
    const clocks = this.frame.clocks + (rxBytes * 8) / lines;
    const endTicks = startTicks + (this.isClocked ? Math.round(clocks * this.ticksPerClock(isUser)) : 0);
    this.busyUntilTicks = endTicks;
    if (this.device === undefined) this.rx.fill(0xff, 0, rxBytes);
    else this.device.transfer(this.frame.tx, this.frame.txBits, this.rx, rxBytes, startTicks, endTicks);
  }

  /** The clock divider of USR transfers stands in CLOCK, that of flash commands in CTRL. */
  private ticksPerClock(isUser: boolean): number {
    const ticksPerApb = TICKS_PER_SECOND / this.context.clocks.apbHz;
    return (
      ticksPerApb *
      (isUser ? userClockDivider(this.registers[R.SPI_CLOCK >> 2]!) : flashClockDivider(this.ctrl))
    );
  }
}
