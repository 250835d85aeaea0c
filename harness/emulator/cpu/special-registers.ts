/**
 * Special registers of the LX106 and who may touch them (ESP8266_RTOS_SDK `xtensa/config/specreg.h`; the legal
 * accesses were compared with qemu-system-xtensa -cpu lx106 by tools/difftest).
 */
export const SR = {
  SAR: 3, // shift amount
  LITBASE: 5, // literal base, bit 0 enables
  CONFIGID0: 176,
  CONFIGID1: 208,
  IBREAKENABLE: 96,
  DDR: 104, // debug data
  IBREAKA0: 128,
  DBREAKA0: 144,
  DBREAKC0: 160,
  EPC1: 177,
  EPC2: 178,
  EPC3: 179,
  DEPC: 192,
  EPS2: 194,
  EPS3: 195,
  EXCSAVE1: 209,
  EXCSAVE2: 210,
  EXCSAVE3: 211,
  INTERRUPT: 226, // written: INTSET
  INTCLEAR: 227,
  INTENABLE: 228,
  PS: 230,
  VECBASE: 231,
  EXCCAUSE: 232,
  DEBUGCAUSE: 233,
  CCOUNT: 234,
  PRID: 235,
  ICOUNT: 236,
  ICOUNTLEVEL: 237,
  EXCVADDR: 238,
  CCOMPARE0: 240,
} as const;

export type SpecialRegisterName = keyof typeof SR;

/** Which of rsr, wsr and xsr exist for a register. */
export type Access = 'rwx' | 'r' | 'w' | 'rw';

// prettier-ignore
export const SPECIAL_REGISTERS: ReadonlyMap<number, { readonly name: string; readonly access: Access }> = new Map([
  [SR.SAR,          { name: 'sar',          access: 'rwx' }],
  [SR.LITBASE,      { name: 'litbase',      access: 'rwx' }],
  [SR.CONFIGID0,    { name: 'configid0',    access: 'rw' }],
  [SR.CONFIGID1,    { name: 'configid1',    access: 'r' }],
  [SR.IBREAKENABLE, { name: 'ibreakenable', access: 'rwx' }],
  [SR.DDR,          { name: 'ddr',          access: 'rwx' }],
  [SR.IBREAKA0,     { name: 'ibreaka0',     access: 'rwx' }],
  [SR.DBREAKA0,     { name: 'dbreaka0',     access: 'rwx' }],
  [SR.DBREAKC0,     { name: 'dbreakc0',     access: 'rwx' }],
  [SR.EPC1,         { name: 'epc1',         access: 'rwx' }],
  [SR.EPC2,         { name: 'epc2',         access: 'rwx' }],
  [SR.EPC3,         { name: 'epc3',         access: 'rwx' }],
  [SR.DEPC,         { name: 'depc',         access: 'rwx' }],
  [SR.EPS2,         { name: 'eps2',         access: 'rwx' }],
  [SR.EPS3,         { name: 'eps3',         access: 'rwx' }],
  [SR.EXCSAVE1,     { name: 'excsave1',     access: 'rwx' }],
  [SR.EXCSAVE2,     { name: 'excsave2',     access: 'rwx' }],
  [SR.EXCSAVE3,     { name: 'excsave3',     access: 'rwx' }],
  [SR.INTERRUPT,    { name: 'interrupt',    access: 'rw' }],
  [SR.INTCLEAR,     { name: 'intclear',     access: 'w' }],
  [SR.INTENABLE,    { name: 'intenable',    access: 'rwx' }],
  [SR.PS,           { name: 'ps',           access: 'rwx' }],
  [SR.VECBASE,      { name: 'vecbase',      access: 'rwx' }],
  [SR.EXCCAUSE,     { name: 'exccause',     access: 'rwx' }],
  [SR.DEBUGCAUSE,   { name: 'debugcause',   access: 'rwx' }],
  [SR.CCOUNT,       { name: 'ccount',       access: 'rwx' }],
  [SR.PRID,         { name: 'prid',         access: 'r' }],
  [SR.ICOUNT,       { name: 'icount',       access: 'rwx' }],
  [SR.ICOUNTLEVEL,  { name: 'icountlevel',  access: 'rwx' }],
  [SR.EXCVADDR,     { name: 'excvaddr',     access: 'rwx' }],
  [SR.CCOMPARE0,    { name: 'ccompare0',    access: 'rwx' }],
]);

/** PS fields (processor state). */
export const PS = {
  INTLEVEL_MASK: 0xf,
  EXCM: 0x10, // exception mode
  UM: 0x20, // user vector mode
} as const;
