import { jest } from '@jest/globals';
import type { CommandRow } from '../commands';
import { main } from '../esprig';

/** Runs a command in this process, and returns what a shell would have seen of it. */
export async function runCommand(rows: readonly CommandRow[], args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  const write = (text: string) => void (stderr += text);
  try {
    const exitCode = await main(args, { stdout: write, stderr: write, debug: false }, rows);
    return { exitCode, stdout, stderr };
  } finally {
    spy.mockRestore();
  }
}
