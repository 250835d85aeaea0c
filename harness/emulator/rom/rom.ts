import { ROM_BASE, ROM_SIZE } from '../../chip/esp8266';
import { assemble } from '../cpu/assemble';
import type { RomProgram } from '../cpu/code-table';
import { EmulatorFault, hex32 } from '../fault';
import { bootCalls } from './boot-flow';
import { BOOT_SOURCE, DATA_SOURCE } from './boot-source';
import { chipCalls, NATIVE_HALVES } from './chip-calls';
import { CONSOLE_SOURCE } from './console-source';
import { ROM_DATA_ADDR, ROM_DATA_IMAGE, ROM_OWN_CALLS, ROM_OWN_CODE } from './layout';
import { loaderCall } from './loader';
import { LOADER_SOURCE } from './loader-source';
import { pureRomCalls } from './pure-calls';
import type { RomCall } from './rom-call';
import { spiCalls } from './spi-calls';
import { SPI_CHIP_SOURCE } from './spi-chip-source';
import { SPI_SOURCE } from './spi-source';
import { VECTORS_SOURCE } from './vectors-source';

/**
 * Addresses that lead to guest code: a jump to the label stands there. Addresses are facts (ESP8266_RTOS_SDK
 * `esp8266/ld/esp8266.rom.ld`, `bootloader/subproject/main/esp8266.bootloader.rom.ld`, chip.md 5.3).
 */
// prettier-ignore
const CODE_ENTRIES: readonly (readonly [addr: number, name: string, label: string])[] = [
  [0x40000010, 'DebugExceptionVector', 'stuck_vector'],
  [0x40000020, 'NMIExceptionVector', 'stuck_vector'],
  [0x40000030, 'KernelExceptionVector', 'user_exception'],
  [0x40000050, 'UserExceptionVector', 'user_exception'],
  [0x40000070, 'DoubleExceptionVector', 'stuck_vector'],
  [0x40000080, '_ResetVector', 'reset'],
  [0x40000454, '_xtos_set_exception_handler', 'set_exception_handler'],
  [0x40000f74, 'ets_intr_lock', 'intr_lock'],
  [0x40000f80, 'ets_intr_unlock', 'intr_unlock'],
  [0x40000f88, 'ets_isr_attach', 'isr_attach'],
  [0x40000f98, 'ets_isr_mask', 'isr_mask'],
  [0x40000fa8, 'ets_isr_unmask', 'isr_unmask'],
  [0x40000fbc, 'ets_set_user_start', 'set_user_start'],
  [0x400010a8, 'boot_from_flash', 'spi_boot'],
  [0x40001100, 'user_code_returned', 'entry_returned'],
  [0x40001f00, 'ets_vprintf', 'ets_vprintf'],
  [0x4000242c, 'ets_install_putc1', 'install_putc1'],
  [0x40002438, 'ets_install_uart_printf', 'install_uart_printf'],
  [0x400024cc, 'ets_printf', 'ets_printf'],
  [0x40002ecc, 'ets_delay_us', 'delay_us'],
  [0x40002f04, 'ets_update_cpu_frequency', 'update_cpu_frequency'],
  [0x4000383c, 'uartAttach', 'uart_attach'],
  [0x40003a14, 'Uart_Init', 'uart_init'],
  [0x40003b30, 'uart_tx_one_char', 'tx_one_char'],
  [0x40003b64, 'uart_rx_one_char_block', 'rx_one_char_block'],
  [0x40003b8c, 'uart_rx_one_char', 'rx_one_char'],
  [0x400040c0, 'SPI_sector_erase', 'spi_sector_erase'],
  [0x40004174, 'SPI_page_program', 'spi_page_program'],
  [0x400042ac, 'SPI_read_data', 'spi_read_data'],
  [0x400043c8, 'SPI_read_status', 'spi_read_status'],
  [0x40004400, 'SPI_write_status', 'spi_write_status'],
  [0x4000443c, 'SPI_write_enable', 'spi_write_enable'],
  [0x4000448c, 'Wait_SPI_Idle', 'spi_wait_idle'],
  [0x400044c0, 'Enable_QMode', 'spi_enable_qmode'],
  [0x40004508, 'Disable_QMode', 'spi_disable_qmode'],
  [0x40004878, 'SPIUnlock', 'spi_unlock'],
  [0x400048a8, 'SPILock', 'spi_lock'],
  [0x40004984, 'SPIEraseChip', 'spi_erase_chip'],
  [0x400049b4, 'SPIEraseBlock', 'spi_erase_block_number'],
  [0x40004a00, 'SPIEraseSector', 'spi_erase_sector_number'],
  [0x40004a4c, 'SPIWrite', 'spi_write'],
  [0x40004b1c, 'SPIRead', 'spi_read'],
  [0x40004b44, 'SPIEraseArea', 'spi_erase_area'],
  [0x40004c2c, 'SPIParamCfg', 'spi_param_cfg'],
  [0x4000dd38, 'xthal_get_ccount', 'get_ccount'],
];

/** Functions written in the emulator's language at their known addresses. */
const NATIVE_ENTRIES: readonly RomCall[] = [...pureRomCalls, ...spiCalls, ...chipCalls];

/** The word by which host tools know the chip: READ_REG 0x40001000. */
const CHIP_MAGIC = { addr: 0x40001000, value: 0xfff0c101 } as const;
/** The entry is called from here, so that it finds 0x40001100 in a0. */
const CALL_ENTRY_ADDR = 0x400010fd;

/** Names of ROM addresses, for traces. */
export interface BuiltRom extends RomProgram {
  readonly names: ReadonlyMap<number, string>;
}

let built: BuiltRom | undefined;

/** The boot ROM, assembled once. Two functions on one address or overlapping code are refused. */
export function buildRom(): BuiltRom {
  built ??= assembleRom();
  return built;
}

function assembleRom(): BuiltRom {
  const data = assemble(DATA_SOURCE, ROM_DATA_ADDR);
  const ownNames = [
    ...NATIVE_HALVES.map((half) => half.name),
    'native_boot_step',
    'native_boot_from_flash',
    'native_loader_step',
  ];
  const ownAddr = new Map(ownNames.map((name, index) => [name, ROM_OWN_CALLS + 4 * index]));
  const symbols: Record<string, number> = {
    ...Object.fromEntries(data.labels),
    ...Object.fromEntries(ownAddr),
    flash_attach: 0x40004644,
    call_entry: CALL_ENTRY_ADDR,
    rom_data: ROM_DATA_IMAGE,
    rom_data_end: ROM_DATA_IMAGE + data.bytes.length,
  };
  const code = assemble(
    [
      '.literals',
      VECTORS_SOURCE,
      CONSOLE_SOURCE,
      SPI_CHIP_SOURCE,
      SPI_SOURCE,
      BOOT_SOURCE,
      LOADER_SOURCE,
    ].join('\n'),
    ROM_OWN_CODE,
    symbols,
  );
  const image = new Uint8Array(ROM_SIZE);
  const known = new Uint8Array(ROM_SIZE);
  const place = (addr: number, bytes: Uint8Array, what: string): void => {
    for (let i = 0; i < bytes.length; i++) {
      const at = addr - ROM_BASE + i;
      if (known[at] !== 0) {
        throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `boot ROM: ${what} overlaps something`, {
          addr: addr + i,
        });
      }
      image[at] = bytes[i]!;
      known[at] = 1;
    }
  };
  place(ROM_OWN_CODE, code.bytes, 'the ROM code');
  place(ROM_DATA_IMAGE, data.bytes, 'the ROM data');

  const names = new Map<number, string>();
  for (const [label, addr] of code.labels) names.set(addr, label);
  for (const [addr, name, label] of CODE_ENTRIES) {
    const target = code.labels.get(label);
    if (target === undefined) throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `boot ROM: no label ${label}`);
    place(addr, assemble(`j ${hex32(target)}`, addr).bytes, name);
    names.set(addr, name);
  }
  place(CALL_ENTRY_ADDR, assemble('callx0 a3', CALL_ENTRY_ADDR).bytes, 'the call of the entry');
  place(
    CHIP_MAGIC.addr,
    assemble(`.word ${hex32(CHIP_MAGIC.value)}`, CHIP_MAGIC.addr).bytes,
    'the magic word',
  );

  const calls = [
    ...NATIVE_ENTRIES,
    ...NATIVE_HALVES.map((half) => ({ ...half, addr: ownAddr.get(half.name)! })),
    ...bootCalls(
      {
        textOf: (name) => data.labels.get(name)!,
        fatalHandlerAddr: code.labels.get('fatal_exception')!,
      },
      { step: ownAddr.get('native_boot_step')!, fromFlash: ownAddr.get('native_boot_from_flash')! },
    ),
    loaderCall(ownAddr.get('native_loader_step')!),
  ];
  for (const call of calls) {
    if (known[call.addr - ROM_BASE] !== 0) {
      throw new EmulatorFault('ESPRIG_EMU_BAD_CONFIG', `boot ROM: ${call.name} stands on something else`, {
        addr: call.addr,
      });
    }
    known[call.addr - ROM_BASE] = 1;
    names.set(call.addr, call.name);
  }
  return { image, known, calls, names };
}
