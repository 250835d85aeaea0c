import { EXCCAUSE, INTERRUPT } from '../../chip/esp8266';

/** Names of the causes as the Xtensa ISA Reference Manual writes them. */
const CAUSE_NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [EXCCAUSE.ILLEGAL, 'IllegalInstruction'],
  [EXCCAUSE.SYSCALL, 'Syscall'],
  [EXCCAUSE.INST_FETCH_ERROR, 'InstructionFetchError'],
  [EXCCAUSE.LOAD_STORE_ERROR, 'LoadStoreError'],
  [EXCCAUSE.LEVEL1_INTERRUPT, 'Level1Interrupt'],
  [EXCCAUSE.ALIGNMENT, 'LoadStoreAlignment'],
  [EXCCAUSE.INST_FETCH_PROHIBITED, 'InstFetchProhibited'],
  [EXCCAUSE.LOAD_PROHIBITED, 'LoadProhibited'],
  [EXCCAUSE.STORE_PROHIBITED, 'StoreProhibited'],
]);

const WITHOUT_ADDRESS: ReadonlySet<number> = new Set([
  EXCCAUSE.ILLEGAL,
  EXCCAUSE.SYSCALL,
  EXCCAUSE.LEVEL1_INTERRUPT,
]);

/** Whether EXCVADDR tells of this cause: all but those that name no address. */
export function hasAddress(cause: number): boolean {
  return CAUSE_NAMES.has(cause) && !WITHOUT_ADDRESS.has(cause);
}

/** `28 LoadProhibited`. */
export function causeName(cause: number): string {
  const name = CAUSE_NAMES.get(cause);
  return name === undefined ? String(cause) : `${cause} ${name}`;
}

/** The interrupt inputs of a mask by name: `UART, FRC1`. */
export function interruptNames(mask: number): string {
  const names = Object.entries(INTERRUPT).filter(([, number]) => ((mask >>> number) & 1) !== 0);
  return names.map(([name]) => name).join(', ') || 'none';
}
