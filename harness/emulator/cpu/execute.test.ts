import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  EXEC_BREAKPOINT,
  EXEC_ILLEGAL,
  EXEC_L32R_SLOW,
  EXEC_ROM_CALL,
  EXEC_SYSTEM,
  EXEC_UNDECODED,
  INSTRUCTIONS,
} from './table';

const FIRST_INSTRUCTION = 10;

/** The cases of the hot loop as they stand in its source: number → comment. */
const cases = new Map(
  [...readFileSync(join(__dirname, 'execute.ts'), 'utf8').matchAll(/case (\d+) \/\* (.+?) \*\//g)].map(
    (found): [number, string] => [Number(found[1]), found[2]!],
  ),
);

/** Names of the instructions that run in each case. */
const namesByExec = new Map<number, string[]>();
for (const { name, exec } of INSTRUCTIONS) namesByExec.set(exec, [...(namesByExec.get(exec) ?? []), name]);

describe('the hot loop', () => {
  it('has each case once, with a comment', () => {
    const source = readFileSync(join(__dirname, 'execute.ts'), 'utf8');
    expect(source.match(/^\s+case /gm)).toHaveLength(cases.size);
    expect(cases.size).toBeGreaterThan(80);
  });

  it('names in each case an instruction that the table sends there', () => {
    for (const [number, comment] of cases) {
      if (number < FIRST_INSTRUCTION) continue;
      expect({ number, names: namesByExec.get(number) ?? [] }).toEqual({
        number,
        names: expect.arrayContaining([comment]) as unknown,
      });
    }
  });

  it('has a case for every number of the table', () => {
    for (const exec of namesByExec.keys()) expect(cases.has(exec)).toBe(true);
  });

  it('keeps the numbers below 10 for what is no instruction', () => {
    expect(cases.get(EXEC_UNDECODED)).toBe('undecoded');
    expect(cases.get(EXEC_ILLEGAL)).toBe('illegal');
    expect(cases.get(EXEC_ROM_CALL)).toBe('ROM call');
    expect(cases.get(EXEC_SYSTEM)).toBe('system');
    expect(cases.get(EXEC_L32R_SLOW)).toBe('l32r, not resolved');
    expect(cases.get(EXEC_BREAKPOINT)).toBe('breakpoint');
    expect([...cases.keys()].filter((number) => number < FIRST_INSTRUCTION)).toHaveLength(6);
  });
});
