import { beforeAll, describe, expect, test } from '@jest/globals';
import { buildKernelProgram, runKernelProgram } from './kernel-programs';
import { toolsMissing } from './tool';

const suite = toolsMissing() === undefined ? describe : describe.skip;

suite('memory, C library and log', () => {
  let lines: readonly string[];
  beforeAll(async () => {
    lines = runKernelProgram(await buildKernelProgram('memory'), 20);
  });

  const line = (start: string): string => lines.find((each) => each.startsWith(start)) ?? `no line ${start}`;
  const number = (start: string): number => Number(/: (\d+)/.exec(line(start))?.[1]);

  test('6,000 random turns leave every block’s bytes alone and the heap in one piece', () => {
    expect(line('heap:')).toBe('heap: 0 bytes spoilt, 0 refused, all back 1, in one piece 1, lowest below 1');
    expect(line('too much')).toBe('too much: 1 1');
  });

  test('a program without network finds more than 80 KB of heap', () => {
    expect(number('heap size')).toBeGreaterThan(80_000);
  });

  test('bytes and halves of mapped flash are read into every register', () => {
    expect(line('bytes')).toBe('bytes: 0123456789abcdefghijklmnopqrstuvwxyz');
    expect(line('halves')).toBe(
      'halves: 102/258 fffe/-2 8000/-32768 7fff/32767 1234/4660 abcd/-21555 0/0 ffff/-1',
    );
    // Fourteen registers, each a one in base 3.
    expect(number('registers')).toBe((3 ** 14 - 1) / 2);
  });

  test('bytes and halves can be stored to IRAM', () => {
    expect(line('stores to IRAM')).toBe('stores to IRAM: 1, runs as before 1');
  });

  test('each task has its own errno', () => {
    expect(line('errno')).toBe('errno: 7 5 9');
  });

  test('the high-water mark of a stack is its unused bytes', () => {
    expect(line('stack of')).toBe('stack of 1024 after 600: 1, own left 1');
  });

  test('the printf family does as C says', () => {
    expect(lines.slice(0, 5)).toEqual([
      '[-42] [   42] [42   ] [-0042] [+42] [ 42] [007]',
      '[4000000000] [beef] [BEEF] [0xbeef] [0000beef] [10] [0x10]',
      '[-1234567890123456789] [18446744073709551615] [123456789abcdef] [ff] [-3] [24] [123456789]',
      '[text] [   right] [left    ] [cu] [c] [%] [     5] [abc]',
      'snprintf: 35 a text that is longer t',
    ]);
  });

  test('the log’s hook gets every character of a line, colours included, and is given back', () => {
    const warning = lines.find((each) => /^W \(\d+\) hook: text -5$/.test(each));
    expect(warning).toBeDefined();
    // Colour, line, colour, line feed.
    expect(line('hook:')).toBe(`hook: ${'\x1b[0;33m'.length + warning!.length + 5} characters, exchanged 1`);
    expect(lines.some((each) => each.includes('not at this level'))).toBe(false);
    expect(lines.some((each) => each.includes('is not printed'))).toBe(false);
    expect(lines.some((each) => /^E \(\d+\) quiet: is printed$/.test(each))).toBe(true);
  });

  test('lines of three tasks that log at once come whole and in each one’s order', () => {
    for (const tag of ['one', 'two', 'three']) {
      const own = lines.filter((each) => new RegExp(`^I \\(\\d+\\) ${tag}: `).test(each));
      expect(own.map((each) => each.replace(/^.*?: /, ''))).toEqual(
        Array.from(
          { length: 8 },
          (_, i) => `line ${i} of a task that is not alone, long enough to fill the FIFO`,
        ),
      );
    }
  });

  test('addresses come from the efuse; the access point’s is a local one', () => {
    expect(line('station')).toBe('station: 5c:cf:7f:01:23:45');
    expect(line('soft-AP')).toBe('soft-AP: 5e:cf:7f:01:23:45');
    expect(line('random')).toBe('random: 1, reason 1');
  });

  test('a switch, a mutex, a block and a byte from flash cost what they did when they were measured', () => {
    expect(number('cycles of a switch')).toBeLessThan(300);
    expect(number('cycles of a mutex')).toBeLessThan(260);
    expect(number('cycles of malloc and free')).toBeLessThan(180);
    expect(number('cycles of a byte from flash')).toBeLessThan(80);
  });
});
