import { beforeEach, describe, expect, it } from '@jest/globals';
import { ROM_SIZE } from '../../chip/esp8266';
import { REG } from '../cpu/registers';
import { SR } from '../cpu/special-registers';
import { ProgramBoard } from '../testkit/run-program';
import { buildRom } from './rom';

/*
 * Addresses of ESP8266_RTOS_SDK `esp8266/ld/esp8266.rom.ld` and `bootloader/subproject/main/esp8266.bootloader.rom.ld`
 * and of the flasher stubs' link scripts, as chip.md 5.3 lists them.
 */
const NAMED = {
  memcpy: 0x4000df48,
  memset: 0x4000e190,
  memmove: 0x4000e04c,
  memcmp: 0x4000dea8,
  bzero: 0x4000de84,
  ets_memcpy: 0x400018b4,
  ets_memset: 0x400018a4,
  ets_bzero: 0x40002ae8,
  strcmp: 0x4000bdc8,
  strcpy: 0x4000bec8,
  strlen: 0x4000bf4c,
  strncmp: 0x4000bfa8,
  strncpy: 0x4000c0a0,
  strstr: 0x4000e1e0,
  __udivsi3: 0x4000e21c,
  __umodsi3: 0x4000e268,
  __divsi3: 0x4000dc88,
  __divdi3: 0x4000ce60,
  __udivdi3: 0x4000d310,
  __umoddi3: 0x4000d770,
  __muldi3: 0x40000650,
  __umulsidi3: 0x4000dcf0,
  __adddf3: 0x4000c538,
  __subdf3: 0x4000c688,
  __muldf3: 0x4000c8f0,
  __divdf3: 0x4000cb94,
  __subsf3: 0x4000c268,
  __fixdfsi: 0x4000ccb8,
  __fixunssfsi: 0x4000c4c4,
  __floatsidf: 0x4000e2f0,
  __floatunsidf: 0x4000e2e8,
  __floatsisf: 0x4000e2ac,
  __floatunsisf: 0x4000e2a4,
  __extendsfdf2: 0x4000cdfc,
  __truncdfsf2: 0x4000cd5c,
  __mulsf3: 0x4000c3dc,
  __addsf3: 0x4000c180,
  __fixunsdfsi: 0x4000cd00,
  uart_tx_one_char: 0x40003b30,
  uart_rx_one_char: 0x40003b8c,
  uart_div_modify: 0x400039d8,
  uartAttach: 0x4000383c,
  Uart_Init: 0x40003a14,
  GetUartDevice: 0x40003f4c,
  ets_vprintf: 0x40001f00,
  ets_printf: 0x400024cc,
  ets_install_putc1: 0x4000242c,
  ets_install_uart_printf: 0x40002438,
  ets_isr_attach: 0x40000f88,
  ets_isr_unmask: 0x40000fa8,
  ets_isr_mask: 0x40000f98,
  ets_intr_lock: 0x40000f74,
  ets_intr_unlock: 0x40000f80,
  _xtos_set_exception_handler: 0x40000454,
  ets_delay_us: 0x40002ecc,
  ets_update_cpu_frequency: 0x40002f04,
  xthal_get_ccount: 0x4000dd38,
  ets_set_user_start: 0x40000fbc,
  software_reset: 0x4000264c,
  rtc_get_reset_reason: 0x400025e0,
  _ResetVector: 0x40000080,
  SPI_read_status: 0x400043c8,
  SPI_write_status: 0x40004400,
  SPI_write_enable: 0x4000443c,
  Wait_SPI_Idle: 0x4000448c,
  Enable_QMode: 0x400044c0,
  Disable_QMode: 0x40004508,
  SPI_sector_erase: 0x400040c0,
  SPI_page_program: 0x40004174,
  SPI_read_data: 0x400042ac,
  SPIRead: 0x40004b1c,
  SPIWrite: 0x40004a4c,
  SPIEraseSector: 0x40004a00,
  SPIEraseBlock: 0x400049b4,
  SPIEraseChip: 0x40004984,
  SPIUnlock: 0x40004878,
  SPILock: 0x400048a8,
  SPIParamCfg: 0x40004c2c,
  SPIReadModeCnfig: 0x400048ec,
  SPIFlashModeConfig: 0x40004568,
  SelectSpiFunction: 0x40003f58,
  spi_flash_attach: 0x40004644,
  SPIEraseArea: 0x40004b44,
  Cache_Read_Enable: 0x40004678,
  Cache_Read_Disable: 0x400047f0,
  MD5Init: 0x40009818,
  MD5Update: 0x40009834,
  MD5Final: 0x40009900,
  rom_i2c_readReg: 0x40007268,
  rom_i2c_readReg_Mask: 0x4000729c,
  rom_i2c_writeReg: 0x400072d8,
  rom_i2c_writeReg_Mask: 0x4000730c,
  lldesc_build_chain: 0x40004f40,
  lldesc_num2link: 0x40005050,
  lldesc_set_owner: 0x4000507c,
  gpio_input_get: 0x40004cf0,
  gpio_pin_wakeup_enable: 0x40004e90,
  gpio_pin_wakeup_disable: 0x40004ed4,
  rand: 0x40000600,
  srand: 0x400005f0,
} as const;

const guest = new ProgramBoard();
const { board, cpu } = guest;

beforeEach(() => guest.rewind());

const read = (addr: number): number => board.bus.readRegister(addr, 0) >>> 0;

describe('the ROM', () => {
  it.each(Object.entries(NAMED))('has %s at its address', (name, addr) => {
    const rom = buildRom();
    expect(rom.names.get(addr)).toBe(name);
    expect(rom.known[addr & (ROM_SIZE - 1)]).toBe(1);
  });

  it('has one function at an address, and no code under the native ones', () => {
    const rom = buildRom();
    expect(new Set(rom.calls.map(({ addr }) => addr)).size).toBe(rom.calls.length);
    expect(rom.calls.every(({ cycles }) => cycles > 0)).toBe(true);
    expect(rom.image).toHaveLength(ROM_SIZE);
  });

  it('shows host tools the magic word', () => {
    expect(guest.word(0x40001000)).toBe(0xfff0c101);
  });

  it('leaves RAM as programs expect it: chip parameters, ticks per µs, UART device, stack at the top', () => {
    const words = (addr: number, count: number): number[] =>
      Array.from({ length: count }, (_, index) => guest.word(addr + 4 * index));
    expect(words(0x3fffc714, 7)).toEqual([0x3fffc718, 0x1640ef, 0x400000, 0x10000, 0x1000, 0x100, 0xffff]);
    expect(guest.word(0x3fffc704)).toBe(80);
    expect([guest.word(0x3fffde10), guest.word(0x3fffde10 + 64)]).toEqual([115200, 0]);
    expect(guest.call(NAMED.GetUartDevice)).toBe(0x3fffde10);
    // What the ROM does not use is as power-on left it.
    expect([guest.word(0x3ffe8000), guest.word(0x3fff9ffc)]).toEqual([0xa5a5a5a5, 0xa5a5a5a5]);
  });

  it('leaves the processor as the ROM does: PS 0x20, vectors at the ROM, null page closed, user inputs enabled', () => {
    expect(cpu.readSpecial(SR.PS)).toBe(0x20);
    expect(cpu.readSpecial(SR.VECBASE) >>> 0).toBe(0x40000000);
    expect(cpu.readSpecial(SR.INTENABLE)).toBe(0x20);
    // Attribute word 0x2222211F, one nibble for each 512 MB.
    const attributes = [0xf, 1, 1, 2, 2, 2, 2, 2];
    expect([...cpu.regs.subarray(REG.DTLB, REG.DTLB + 8)].map((value) => value & 0xf)).toEqual(attributes);
    expect([...cpu.regs.subarray(REG.ITLB, REG.ITLB + 8)].map((value) => value & 0xf)).toEqual(attributes);
  });
});

describe('ets_delay_us', () => {
  const micros = (nominal: number): number => {
    const before = board.nowTicks;
    guest.call(NAMED.ets_delay_us, [nominal]);
    return (board.nowTicks - before) / 2080;
  };

  it('lasts 1.54 times as long as it says at 52 MHz, for the ROM believes in 80', () => {
    expect(micros(1000) / 1000).toBeCloseTo(80 / 52, 2);
    expect(micros(100_000) / 100_000).toBeCloseTo(80 / 52, 3);
    expect(micros(0)).toBeLessThan(2);
  });

  it('lasts what it says at 80 MHz, and at 52 once ets_update_cpu_frequency has told the truth', () => {
    guest.call(NAMED.ets_update_cpu_frequency, [52]);
    expect(micros(10_000) / 10_000).toBeCloseTo(1, 2);
    guest.call(NAMED.ets_update_cpu_frequency, [80]);
    board.parts.clocks.setPllRegister1(136);
    expect(micros(10_000) / 10_000).toBeCloseTo(1, 2);
  });

  it('lets interrupts be served on time, and is not made longer by them', () => {
    guest.load(`
      .literals
    begin:
      movi a2, 7
      l32r a3, =handler
      movi a4, 0
      l32r a8, =0x40000f88
      callx0 a8
      movi a2, 6
      l32r a3, =handler
      movi a4, 0
      l32r a8, =0x40000f88
      callx0 a8
      movi a2, 0x40
      l32r a8, =0x40000fa8
      callx0 a8
      rsr.ccount a12
      l32r a3, =8000
      add a3, a12, a3
      wsr.ccompare0 a3
      movi a2, 1000            // 80000 cycles
      l32r a8, =0x40002ecc
      callx0 a8
      rsr.ccount a13
    end: j end
      .align 4
    handler:
      rsr.ccount a2
      rsr.ccompare0 a4
      sub a2, a2, a4
      l32r a3, =0x3fff0000
      s32i a2, a3, 0
      wsr.ccompare0 a4
      ret
    `);
    guest.runTo('end');
    // From the moment of the interrupt to the handler's first instruction: vector and dispatcher.
    expect(guest.word(0x3fff0000)).toBeLessThan(80);
    const took = cpu.ar[13]! - cpu.ar[12]!;
    expect(took).toBeGreaterThanOrEqual(80_000);
    expect(took).toBeLessThan(80_100);
  });
});

describe('small functions', () => {
  it('ets_intr_lock raises the level to 3, ets_intr_unlock lowers it to 0', () => {
    guest.call(NAMED.ets_intr_lock);
    expect(cpu.readSpecial(SR.PS) & 0xf).toBe(3);
    guest.call(NAMED.ets_intr_unlock);
    expect(cpu.readSpecial(SR.PS) & 0xf).toBe(0);
  });

  it('xthal_get_ccount reads CCOUNT', () => {
    expect(Math.abs(guest.call(NAMED.xthal_get_ccount) - cpu.time.ccount)).toBeLessThan(10);
  });

  it('ets_set_user_start stores the entry', () => {
    guest.call(NAMED.ets_set_user_start, [0x40101234 | 0]);
    expect(guest.word(0x3fffdcd0)).toBe(0x40101234);
  });

  it('rtc_get_reset_reason answers the cause and clears bit 21 of RTC+08', () => {
    board.bus.writeRegister(0x60000708, 0x00600001, 0);
    expect(guest.call(NAMED.rtc_get_reset_reason)).toBe(1);
    expect(read(0x60000708)).toBe(0x00400001);
  });

  it('uart_div_modify sets the divisor and drops what is in flight', () => {
    board.bus.writeRegister(0x60000000, 0x41, 0);
    board.bus.writeRegister(0x60000000, 0x42, 0);
    board.bus.writeRegister(0x60000000, 0x43, 0);
    guest.call(NAMED.uart_div_modify, [0, 52]);
    expect(read(0x60000014)).toBe(52);
    board.runFor(10e6);
    expect(guest.serial.text).toBe('A');
    guest.call(NAMED.uart_div_modify, [1, 100]);
    expect([read(0x60000f14), read(0x60000014)]).toEqual([100, 52]);
  });

  it('rom_i2c_* write and read analogue registers, whole or some bits', () => {
    guest.call(NAMED.rom_i2c_writeReg, [0x62, 1, 5, 0x5a]);
    expect(guest.call(NAMED.rom_i2c_readReg, [0x62, 1, 5])).toBe(0x5a);
    expect(guest.call(NAMED.rom_i2c_readReg_Mask, [0x62, 1, 5, 6, 3])).toBe(0b1011);
    guest.call(NAMED.rom_i2c_writeReg_Mask, [0x62, 1, 5, 6, 3, 0b0100]);
    expect(guest.call(NAMED.rom_i2c_readReg, [0x62, 1, 5])).toBe(0b00100010);
    expect(guest.call(NAMED.rom_i2c_readReg, [0x67, 4, 1])).toBe(8);
  });

  it('gpio_input_get reads the pins, the wake-up functions set and clear their bits', () => {
    board.setPin(4, true);
    const pins = guest.call(NAMED.gpio_input_get);
    expect((pins >> 4) & 1).toBe(1);
    expect(pins >>> 16).toBe(0);
    board.setPin(4, false);
    guest.call(NAMED.gpio_pin_wakeup_enable, [4, 5]);
    expect(read(0x60000338)).toBe((1 << 10) | (5 << 7));
    guest.call(NAMED.gpio_pin_wakeup_disable);
    expect(read(0x60000338) & (1 << 10)).toBe(0);
  });

  it('divisions by zero end in an illegal instruction, as on the chip', () => {
    guest.load('callx0 a8\nend: j end');
    cpu.ar[8] = NAMED.__udivsi3;
    cpu.ar[2] = 1;
    cpu.ar[3] = 0;
    guest.serial.clear();
    expect(guest.serial.waitFor('Fatal exception (0): \r\n')).toContain('Fatal');
  });
});

describe('Cache_Read_Enable', () => {
  it.each([
    [[0, 0, 0], 0x100, 0x08],
    [[1, 0, 0], 0x02000100, 0x08],
    [[2, 0, 0], 0x01000100, 0x08],
    [[1, 3, 1], 0x06030100, 0x18],
    [[0, 7, 0], 0x00070100, 0x08],
  ])('(map, segment, size) = %j leaves mapping, banks and the AHB bit', (args, cache, banks) => {
    guest.call(NAMED.Cache_Read_Enable, args);
    expect(read(0x3ff0000c) & ~3).toBe(cache);
    expect(read(0x3ff00024)).toBe(banks);
    expect((read(0x60000208) >>> 17) & 1).toBe(1);
    expect(board.parts.cache.live).toBe(true);
    guest.call(NAMED.Cache_Read_Disable);
    expect([(read(0x3ff0000c) >>> 8) & 1, (read(0x60000208) >>> 17) & 1]).toEqual([0, 0]);
    expect(board.parts.cache.live).toBe(false);
  });
});
