/* SPDX-License-Identifier: MIT */
#ifndef CONSOLE_H
#define CONSOLE_H

/* Starts the task that reads commands from UART0 (docs/dut-contract.md, section 10). Without memory a line says so. */
void console_start(void);

#endif
