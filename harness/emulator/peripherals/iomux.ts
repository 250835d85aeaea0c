/**
 * IOMUX, 0x60000800: which function stands on which pin. Storage; nothing else in the emulator looks at it yet.
 * Reset values: OSLL/qemu-xtensa `hw/xtensa/esp8266.c`; register order: esp-open-rtos `iomux_regs.h`.
 */
import { StorageBlock } from './storage';

const PULL_UP = 0x80;
/** Function 1 of an SD pin: the SPI flash. */
const FUNCTION_1 = 0x10;
/** Function 2 of GPIO2: UART1 TXD, with its pull-up. */
const FUNCTION_2_PULL_UP = 0xa0;

export const IOMUX_SIZE = 0x100;

/** The block with its reset values: U0RXD and the JTAG pins pulled up, the SD pins on the flash. */
export function createIomux(): StorageBlock {
  return new StorageBlock({
    name: 'iomux',
    sizeBytes: IOMUX_SIZE,
    resetValues: {
      0x04: PULL_UP, // MTDI, GPIO12
      0x08: PULL_UP, // MTCK, GPIO13
      0x0c: PULL_UP, // MTMS, GPIO14
      0x10: PULL_UP, // MTDO, GPIO15
      0x14: PULL_UP, // U0RXD, GPIO3
      0x1c: FUNCTION_1, // SD_CLK
      0x20: FUNCTION_1, // SD_DATA0
      0x24: FUNCTION_1, // SD_DATA1
      0x28: FUNCTION_1, // SD_DATA2
      0x2c: FUNCTION_1, // SD_DATA3
      0x30: FUNCTION_1, // SD_CMD
      0x34: PULL_UP, // GPIO0
      0x38: FUNCTION_2_PULL_UP, // GPIO2
    },
  });
}
