import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../core/clock';
import { createOutput, isPlainWanted, type OutputOptions } from './output';
import { keepSecret } from './secrets';

/** Back to the first column, and wipe the line. */
const CLEAR = '\r\u001b[K';

function setUp(options: OutputOptions) {
  const clock = new ManualClock();
  const written = { stdout: '', stderr: '' };
  const out = createOutput({
    clock,
    isTerminal: false,
    width: 80,
    stdout: (text) => void (written.stdout += text),
    stderr: (text) => void (written.stderr += text),
    ...options,
  });
  return { clock, out, written };
}

describe('a quiet command', () => {
  test('says results and no remarks; a script gets its values alone', () => {
    const people = setUp({ quiet: true });
    const script = setUp({ quiet: true, json: true });
    for (const { out } of [people, script]) {
      out.line('board found');
      out.result('MAC 5c:cf:7f:01:23:45');
      out.value({ mac: '5c:cf:7f:01:23:45' });
      const progress = out.progress('write', 10);
      progress.update(10);
      progress.finish('written');
    }
    expect(people.written).toEqual({ stdout: 'MAC 5c:cf:7f:01:23:45\n', stderr: '' });
    expect(script.written).toEqual({ stdout: '{"mac":"5c:cf:7f:01:23:45"}\n', stderr: '' });
  });
});

describe('what is said', () => {
  test('keeps a device’s colours, and has none where NO_COLOR asks for that', () => {
    const coloured = '\u001b[0;32mI (23) boot\u001b[0m';
    const [usual, plain] = [setUp({ plain: false }), setUp({ plain: isPlainWanted({ NO_COLOR: '1' }) })];
    for (const { out } of [usual, plain]) out.result(coloured);
    expect(usual.written.stdout).toBe(`${coloured}\n`);
    expect(plain.written.stdout).toBe('I (23) boot\n');
    expect([isPlainWanted({}), isPlainWanted({ NO_COLOR: '' })]).toEqual([false, false]);
  });

  test('never has a secret in it, and stays JSON', () => {
    keepSecret(['4711', 'pass "phrase"']);
    const { out, written } = setUp({ json: true });
    out.line('token 4711');
    out.value({ heap: 4711, text: ['token 4711'], more: { psk: 'pass "phrase"' } });
    expect(written.stderr).toBe('token [masked]\n');
    expect(JSON.parse(written.stdout)).toEqual({
      heap: 4711,
      text: ['token [masked]'],
      more: { psk: '[masked]' },
    });
  });
});

describe('lines and values', () => {
  test('a person reads lines on stdout, and no values', () => {
    const { out, written } = setUp({});
    out.line('flash: 4 MB');
    out.value({ sizeBytes: 4194304 });
    expect(written).toEqual({ stdout: 'flash: 4 MB\n', stderr: '' });
  });

  test('a script reads nothing on stdout but one value a line', () => {
    const { out, written } = setUp({ json: true });
    out.line('flash: 4 MB');
    out.value({ sizeBytes: 4194304 });
    out.value(['a\nb']);
    const progress = out.progress('write', 10, 'steps');
    progress.update(10);
    progress.finish('written');
    expect(written.stdout).toBe('{"sizeBytes":4194304}\n["a\\nb"]\n');
    expect(written.stderr).toContain('flash: 4 MB\n');
    expect(written.stderr).toContain('written\n');
  });
});

describe('progress where there is no terminal', () => {
  test('is a plain line at each tenth, not at each update', () => {
    const { clock, out, written } = setUp({});
    const progress = out.progress('write', 1000, 'steps');
    for (let done = 1; done <= 1000; done++) {
      clock.advanceBy(1);
      progress.update(done);
    }
    const lines = written.stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('write: 10 % (100 of 1000, 0.1 s)');
    expect(lines[9]).toBe('write: 100 % (1000 of 1000, 1.0 s)');
    expect(written.stderr).not.toContain('\r');
  });

  test('a slow one says every ten seconds that it is alive', () => {
    const { clock, out, written } = setUp({});
    const progress = out.progress('erase', 100 * 1024);
    for (let turn = 0; turn < 25; turn++) {
      clock.advanceBy(1000);
      progress.update(1024);
    }
    expect(written.stderr).toBe('erase: 1 % (1 of 100 KiB, 10.0 s)\nerase: 1 % (1 of 100 KiB, 20.0 s)\n');
  });

  test('has one last word', () => {
    const { out, written } = setUp({});
    const progress = out.progress('write', 2048);
    progress.update(2048);
    progress.finish();
    progress.finish('again');
    progress.update(1);
    expect(written).toEqual({ stdout: '', stderr: 'write: 100 % (2 of 2 KiB, 0.0 s)\n' });
  });
});

describe('progress in a terminal', () => {
  test('is drawn in place, at most ten times a second', () => {
    const { clock, out, written } = setUp({ isTerminal: true });
    const progress = out.progress('write', 1000, 'steps');
    for (let done = 1; done <= 1000; done++) {
      clock.advanceBy(1);
      progress.update(done);
    }
    const drawings = written.stderr.split(CLEAR).slice(1);
    expect(drawings.length).toBeGreaterThan(5);
    expect(drawings.length).toBeLessThanOrEqual(11);
    expect(drawings.at(-1)).toMatch(/^\[#+-*\] write: \d+ % \(/);
    expect(written.stderr).not.toContain('\n');
  });

  test('never wraps a narrow terminal', () => {
    const { out, written } = setUp({ isTerminal: true, width: 30 });
    out.progress('a rather long label for a bar', 10, 'steps').update(1);
    expect(written.stderr.replace(CLEAR, '')).toHaveLength(29);
  });

  test('makes room for a line and comes back after it', () => {
    const { out, written } = setUp({ isTerminal: true });
    const progress = out.progress('write', 10, 'steps');
    progress.update(5);
    written.stderr = '';
    out.line('a block was sent again');
    expect(written.stdout).toBe('a block was sent again\n');
    expect(written.stderr).toMatch(/\[#+-+\] write: 50 % \([^\r]*$/);
    expect(written.stderr.startsWith(CLEAR)).toBe(true);
    written.stderr = '';
    progress.finish('done');
    expect(written.stderr).toBe(CLEAR);
    out.line('next');
    expect(written.stdout).toContain('done\nnext\n');
  });

  test('nothing to do is all done', () => {
    const { out, written } = setUp({});
    out.progress('write', 0).finish();
    expect(written).toEqual({ stdout: '', stderr: 'write: 100 % (0 of 0 KiB, 0.0 s)\n' });
  });
});
