import { ANALOG_I2C_BASE, GPIO_BASE, RTC_BASE, UART0_BASE, UART1_BASE } from '../../chip/esp8266';
import { ROM_RAM, RX_RING_BYTES, UART_DEVICE_FIELD } from './layout';
import { loadPrintfState, nextPrintfCharacter, savePrintfState, startPrintf } from './printf-format';
import type { RomCall, RomGuest } from './rom-call';

/*
 * ROM functions that touch peripherals but never wait (chip.md 5.3), and the native halves of guest routines
 * (console-source.ts).
 */
const UART_CLKDIV = 0x14;
const UART_CONF0 = 0x20;
const UART_CONF1 = 0x24;
const UART_INT_ENA = 0x0c;
const UART_INT_CLR = 0x10;
const FIFO_RESETS = (1 << 17) | (1 << 18);
/** RXFULL, PARITY, FRAME, RXOVF, RX TIMEOUT are what the ROM listens to; it sets the threshold to one byte. */
const ROM_RX_INTERRUPTS = 0x1;
const BOOT_DIVISOR = 694;
const BOOT_BAUD = 115200;
const CONF0_8N1 = 0x1c;

const RTC_SW_RESET = 1 << 31;
const WAKE_CAUSE_AT = RTC_BASE + 0x18;
const GPIO_PIN_CONFIG = GPIO_BASE + 0x28;
const GPIO_WAKEUP_ENABLE = 1 << 10;
const GPIO_INTERRUPT_TYPE = 7 << 7;

function uartBase(number: number): number {
  return number === 0 ? UART0_BASE : UART1_BASE;
}

/** CLKDIV, then a pulse on both FIFO resets: what is in flight is lost. */
export function divModify(guest: RomGuest, number: number, divisor: number): void {
  const base = uartBase(number);
  guest.store32(base + UART_CLKDIV, divisor);
  const conf0 = guest.load32(base + UART_CONF0);
  guest.store32(base + UART_CONF0, conf0 | FIFO_RESETS);
  guest.store32(base + UART_CONF0, conf0 & ~FIFO_RESETS);
}

function initUart(guest: RomGuest, number: number): void {
  const base = uartBase(number);
  guest.store32(base + UART_CONF0, CONF0_8N1);
  divModify(guest, number, BOOT_DIVISOR);
  guest.store32(base + UART_CONF1, 0x1);
  guest.store32(base + UART_INT_CLR, 0x1ff);
  guest.store32(base + UART_INT_ENA, ROM_RX_INTERRUPTS);
}

function initUartDevice(guest: RomGuest): void {
  const device = ROM_RAM.UART_DEVICE;
  guest.store32(device + UART_DEVICE_FIELD.BAUD, BOOT_BAUD);
  guest.store32(device + UART_DEVICE_FIELD.DATA_BITS, 3);
  guest.store32(device + UART_DEVICE_FIELD.RING_SIZE, RX_RING_BYTES);
  guest.store32(device + UART_DEVICE_FIELD.RING_START, ROM_RAM.RX_RING);
  guest.store32(device + UART_DEVICE_FIELD.RING_WRITE, ROM_RAM.RX_RING);
  guest.store32(device + UART_DEVICE_FIELD.RING_READ, ROM_RAM.RX_RING);
  guest.store32(device + UART_DEVICE_FIELD.UART_NUMBER, 0);
}

/** The cause of the last reset; deep sleep is told apart by its wake cause. Clears RTC+08 bit 21 on the way. */
function resetReason(guest: RomGuest): number {
  guest.store32(RTC_BASE + 0x08, guest.load32(RTC_BASE + 0x08) & ~(1 << 21));
  const cause = guest.load32(RTC_BASE + 0x14) & 7;
  if (cause !== 5) return cause;
  const wake = (guest.load32(WAKE_CAUSE_AT) >>> 8) & 0x3f;
  return (wake & 1) !== 0 ? 6 : (wake & 8) !== 0 ? 5 : 0;
}

/** Analogue I2C: (block, host, register[, high bit, low bit][, value]) as rom_i2c_* take them. */
function i2cRead(guest: RomGuest, block: number, host: number, register: number): number {
  const addr = ANALOG_I2C_BASE + 4 * host;
  guest.store32(addr, block | (register << 8));
  return (guest.load32(addr) >>> 16) & 0xff;
}

function i2cWrite(guest: RomGuest, block: number, host: number, register: number, value: number): void {
  guest.store32(ANALOG_I2C_BASE + 4 * host, block | (register << 8) | ((value & 0xff) << 16) | (1 << 24));
}

function maskOf(highBit: number, lowBit: number): number {
  return ((2 << highBit) - 1) & ~((1 << lowBit) - 1);
}

function returning(value: (guest: RomGuest, a: Int32Array) => number): (guest: RomGuest) => undefined {
  return (guest) => {
    guest.ar[2] = value(guest, guest.ar);
    return undefined;
  };
}

function doing(action: (guest: RomGuest, a: Int32Array) => void): (guest: RomGuest) => undefined {
  return (guest) => {
    action(guest, guest.ar);
    return undefined;
  };
}

// prettier-ignore
export const chipCalls: readonly RomCall[] = [
  { addr: 0x400025e0, name: 'rtc_get_reset_reason', cycles: 20, run: returning(resetReason) },
  { addr: 0x4000264c, name: 'software_reset', cycles: 10, run: doing((guest) => guest.store32(RTC_BASE, guest.load32(RTC_BASE) | RTC_SW_RESET)) },
  { addr: 0x400039d8, name: 'uart_div_modify', cycles: 20, run: doing((guest, a) => divModify(guest, a[2]!, a[3]!)) },
  { addr: 0x40003f4c, name: 'GetUartDevice', cycles: 5, run: returning(() => ROM_RAM.UART_DEVICE) },
  { addr: 0x40004cf0, name: 'gpio_input_get', cycles: 5, run: returning((guest) => guest.load32(GPIO_BASE + 0x18) & 0xffff) },
  { addr: 0x40004e90, name: 'gpio_pin_wakeup_enable', cycles: 15, run: doing((guest, a) => {
    const addr = GPIO_PIN_CONFIG + 4 * a[2]!;
    guest.store32(addr, (guest.load32(addr) & ~GPIO_INTERRUPT_TYPE) | GPIO_WAKEUP_ENABLE | ((a[3]! & 7) << 7));
  }) },
  { addr: 0x40004ed4, name: 'gpio_pin_wakeup_disable', cycles: 40, run: doing((guest) => {
    for (let pin = 0; pin < 16; pin++) {
      const addr = GPIO_PIN_CONFIG + 4 * pin;
      guest.store32(addr, guest.load32(addr) & ~GPIO_WAKEUP_ENABLE);
    }
  }) },
  { addr: 0x40007268, name: 'rom_i2c_readReg', cycles: 20, run: returning((guest, a) => i2cRead(guest, a[2]!, a[3]!, a[4]!)) },
  { addr: 0x4000729c, name: 'rom_i2c_readReg_Mask', cycles: 25, run: returning((guest, a) =>
    (i2cRead(guest, a[2]!, a[3]!, a[4]!) & maskOf(a[5]!, a[6]!)) >>> a[6]!) },
  { addr: 0x400072d8, name: 'rom_i2c_writeReg', cycles: 20, run: doing((guest, a) => i2cWrite(guest, a[2]!, a[3]!, a[4]!, a[5]!)) },
  { addr: 0x4000730c, name: 'rom_i2c_writeReg_Mask', cycles: 40, run: doing((guest, a) => {
    const mask = maskOf(a[5]!, a[6]!);
    const old = i2cRead(guest, a[2]!, a[3]!, a[4]!);
    i2cWrite(guest, a[2]!, a[3]!, a[4]!, (old & ~mask) | ((a[7]! << a[6]!) & mask));
  }) },
];

/** Native halves of guest routines, in the order of their addresses from `addr` on. */
export const NATIVE_HALVES: readonly Omit<RomCall, 'addr'>[] = [
  { name: 'native_pass', cycles: 2, run: doing((guest, a) => guest.passCycles(a[2]!)) },
  { name: 'native_uart_device', cycles: 30, run: doing(initUartDevice) },
  { name: 'native_uart_init', cycles: 60, run: doing((guest, a) => initUart(guest, a[2]!)) },
  {
    name: 'native_printf_begin',
    cycles: 10,
    run: doing((guest, a) => savePrintfState(guest, a[2]!, startPrintf(a[3]!, a[4]!, a[5]!, a[6]!))),
  },
  {
    name: 'native_printf_next',
    cycles: 20,
    run: returning((guest, a) => {
      const addr = a[2]!;
      const state = loadPrintfState(guest, addr);
      const character = nextPrintfCharacter(guest, state);
      savePrintfState(guest, addr, state);
      return character;
    }),
  },
  {
    name: 'native_printf_count',
    cycles: 5,
    run: returning((guest, a) => loadPrintfState(guest, a[2]!).count),
  },
];
