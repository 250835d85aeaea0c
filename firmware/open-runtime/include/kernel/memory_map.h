/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_MEMORY_MAP_H
#define KERNEL_MEMORY_MAP_H

/*
 * DRAM 0x3FFE8000-0x3FFFFFFF. From below: .data, .bss, then heap; at the top the two stacks that no task owns. Once the
 * boot ROM has done its work, its variables are heap as well, but for the few that its functions still read: ticks per
 * microsecond (ets_delay_us) and the flash chip (SPIRead and its kin).
 * Plain numbers, for the assembler reads them too.
 */
#define DRAM_END 0x40000000
#define ISR_STACK_BYTES 1024
#define ISR_STACK_BASE (DRAM_END - ISR_STACK_BYTES)
#define NMI_STACK_BYTES 768
#define NMI_STACK_BASE (ISR_STACK_BASE - NMI_STACK_BYTES)
#define ROM_VARIABLES 0x3fffc700
#define ROM_VARIABLES_END 0x3fffc740

#endif
