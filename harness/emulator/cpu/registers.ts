import { SR } from './special-registers';

/**
 * Word indices of the register file, which lies at the start of the guest's memory so that translated code can reach
 * it. 0-15 are a0-a15. LEFT counts the cycles left in the running slice, TRAP tells the hot loop that the access it
 * made has raised an exception and PC was changed.
 */
export const REG = {
  PC: 16,
  LEFT: 17,
  TRAP: 18,
  SAR: 19,
  PS: 20,
  LITBASE: 21,
  EPC1: 22,
  EPC2: 23,
  EPC3: 24,
  DEPC: 25,
  EPS2: 26,
  EPS3: 27,
  EXCSAVE1: 28,
  EXCSAVE2: 29,
  EXCSAVE3: 30,
  EXCCAUSE: 31,
  EXCVADDR: 32,
  VECBASE: 33,
  INTERRUPT: 34,
  INTENABLE: 35,
  CCOMPARE0: 36,
  DEBUGCAUSE: 37,
  IBREAKENABLE: 38,
  IBREAKA0: 39,
  DBREAKA0: 40,
  DBREAKC0: 41,
  ICOUNT: 42,
  ICOUNTLEVEL: 43,
  DDR: 44,
  WAITING: 45,
  NMI_PENDING: 46,
  IN_NMI: 47,
  /** Levels of the interrupt lines as the peripherals drive them. */
  LINES: 48,
  ITLB: 56, // 8 attributes, one for each 512 MB
  DTLB: 64,
} as const;

export const REGISTER_WORDS = 72;

/** Special registers that are plain storage: number → word index. */
export const STORED: ReadonlyMap<number, number> = new Map<number, number>([
  [SR.SAR, REG.SAR],
  [SR.LITBASE, REG.LITBASE],
  [SR.EPC1, REG.EPC1],
  [SR.EPC2, REG.EPC2],
  [SR.EPC3, REG.EPC3],
  [SR.DEPC, REG.DEPC],
  [SR.EPS2, REG.EPS2],
  [SR.EPS3, REG.EPS3],
  [SR.EXCSAVE1, REG.EXCSAVE1],
  [SR.EXCSAVE2, REG.EXCSAVE2],
  [SR.EXCSAVE3, REG.EXCSAVE3],
  [SR.INTERRUPT, REG.INTERRUPT],
  [SR.INTENABLE, REG.INTENABLE],
  [SR.PS, REG.PS],
  [SR.VECBASE, REG.VECBASE],
  [SR.EXCCAUSE, REG.EXCCAUSE],
  [SR.DEBUGCAUSE, REG.DEBUGCAUSE],
  [SR.ICOUNT, REG.ICOUNT],
  [SR.ICOUNTLEVEL, REG.ICOUNTLEVEL],
  [SR.EXCVADDR, REG.EXCVADDR],
  [SR.CCOMPARE0, REG.CCOMPARE0],
  [SR.IBREAKENABLE, REG.IBREAKENABLE],
  [SR.IBREAKA0, REG.IBREAKA0],
  [SR.DBREAKA0, REG.DBREAKA0],
  [SR.DBREAKC0, REG.DBREAKC0],
  [SR.DDR, REG.DDR],
]);
