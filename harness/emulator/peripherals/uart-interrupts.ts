/** Bits of INT_RAW, INT_ST, INT_ENA and INT_CLR (esp-open-rtos `uart_regs.h`). */
export const UART_RXFIFO_FULL = 1 << 0;
export const UART_TXFIFO_EMPTY = 1 << 1;
export const UART_PARITY_ERR = 1 << 2;
export const UART_FRM_ERR = 1 << 3;
export const UART_RXFIFO_OVF = 1 << 4;
export const UART_DSR_CHG = 1 << 5;
export const UART_CTS_CHG = 1 << 6;
export const UART_BRK_DET = 1 << 7;
export const UART_RXFIFO_TOUT = 1 << 8;
export const UART_INTERRUPTS = 0x1ff;
