/*
 * Instructions of the assembler that stand for several of the machine's: what every function of the ROM would
 * otherwise write out by hand. CALL0 ABI (Xtensa ISA manual, "The CALL0 ABI"): a0 holds the return address, a1 the
 * stack pointer, a12-a15 belong to the caller; the stack pointer stays a multiple of 16.
 */
const STACK_ALIGN_BYTES = 16;
const WORD_BYTES = 4;

type Expand = (operands: readonly string[]) => readonly string[] | undefined;

/** Undefined where the operands make no sense. */
const PSEUDO_INSTRUCTIONS: ReadonlyMap<string, Expand> = new Map<string, Expand>([
  // `prologue 32, a12, a13`: a frame of 32 bytes, a0 at its bottom, then the registers named, word after word.
  [
    'prologue',
    ([size = '', ...saved]) =>
      isFrame(size, saved) ? [`addi a1, a1, -${size}`, ...frameAccesses('s32i', saved)] : undefined,
  ],
  // `epilogue 32, a12, a13`: the same backwards, and back to the caller.
  [
    'epilogue',
    ([size = '', ...saved]) =>
      isFrame(size, saved) ? [...frameAccesses('l32i', saved), `addi a1, a1, ${size}`, 'ret'] : undefined,
  ],
  // `wait_zero a4, a8, 0x10`: loads a4 from a8 + 0x10 until it is 0. The branch goes back over the load's 3 bytes.
  [
    'wait_zero',
    (operands) =>
      operands.length === 3 ? [`l32i ${operands.join(', ')}`, `bnez ${operands[0]!}, .-3`] : undefined,
  ],
]);

export function isPseudoInstruction(mnemonic: string): boolean {
  return PSEUDO_INSTRUCTIONS.has(mnemonic);
}

/** The machine's instructions, one a text; undefined where the operands make no sense. */
export function expandPseudoInstruction(
  mnemonic: string,
  operands: readonly string[],
): readonly string[] | undefined {
  return PSEUDO_INSTRUCTIONS.get(mnemonic)!(operands);
}

function isFrame(size: string, saved: readonly string[]): boolean {
  const sizeBytes = Number(size);
  return (
    sizeBytes > 0 &&
    sizeBytes % STACK_ALIGN_BYTES === 0 &&
    WORD_BYTES * (1 + saved.length) <= sizeBytes &&
    saved.every((register) => /^a\d+$/.test(register))
  );
}

function frameAccesses(access: 's32i' | 'l32i', saved: readonly string[]): string[] {
  return ['a0', ...saved].map((register, index) => `${access} ${register}, a1, ${WORD_BYTES * index}`);
}
