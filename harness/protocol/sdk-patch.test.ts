import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applySdkPatch, judgeSdkPatch, parseSdkPatches, undoSdkPatch, type SdkPatch } from './sdk-patch';

const PATCHES = parseSdkPatches(
  readFileSync(join(__dirname, '../../firmware/sdk-patches/patches.json'), 'utf8'),
);
const byName = (name: string): SdkPatch => PATCHES.find((patch) => patch.name === name)!;
const WRAP = byName('partition-name');
const MOVE = byName('descriptor-in-text');
const ENDS = [
  ['LF', '\n'],
  ['CRLF', '\r\n'],
] as const;
const text = (lines: readonly string[], end = '\n'): string => lines.map((line) => line + end).join('');

describe.each(PATCHES.map((patch) => [patch.name, patch] as const))('the patch %s', (_name, patch) => {
  const { missing, applied } = patch.example;

  test.each(ENDS)('makes the one example of the other, and back, byte for byte, with %s', (_end, end) => {
    expect(applySdkPatch(patch, text(missing, end))).toBe(text(applied, end));
    expect(undoSdkPatch(patch, text(applied, end))).toBe(text(missing, end));
    expect(judgeSdkPatch(patch, text(missing, end)).state).toBe('missing');
    expect(judgeSdkPatch(patch, text(applied, end)).state).toBe('applied');
  });

  test('is found wherever its text has moved to, and leaves every other byte alone', () => {
    const before = '\ufeff# caf\u00e9 \u00ff\r\n\tmixed\n\n';
    const behind = '\n  no line end';
    const whole = before + text(missing) + behind;
    expect(judgeSdkPatch(patch, whole).line).toBe(judgeSdkPatch(patch, text(missing)).line! + 3);
    const made = applySdkPatch(patch, whole);
    expect(made).toBe(before + text(applied) + behind);
    expect(undoSdkPatch(patch, made)).toBe(whole);
  });

  test('is not made twice, and not undone where it is not', () => {
    expect(() => applySdkPatch(patch, text(applied))).toThrow(
      expect.objectContaining({ code: 'ESPRIG_SDK_TEXT' }),
    );
    expect(() => undoSdkPatch(patch, text(missing))).toThrow(/is missing/);
  });

  test('is unknown in an empty file and in another one', () => {
    for (const other of ['', '\n', 'int main;\n', text(missing).toUpperCase()]) {
      expect(judgeSdkPatch(patch, other).state).toBe('unknown');
      expect(() => applySdkPatch(patch, other)).toThrow(/is unknown/);
    }
  });

  test('whatever line is taken out or doubled, is never called applied unless it is, nor made wrongly', () => {
    for (const lines of [missing, applied]) {
      for (let at = 0; at < lines.length; at += 1) {
        for (const other of [
          [...lines.slice(0, at), ...lines.slice(at + 1)],
          [...lines.slice(0, at + 1), ...lines.slice(at)],
        ]) {
          const { state } = judgeSdkPatch(patch, text(other));
          if (state === 'missing') {
            expect(judgeSdkPatch(patch, applySdkPatch(patch, text(other))).state).toBe('applied');
            expect(lines).toBe(missing);
          } else if (state === 'applied') {
            expect(lines).toBe(applied);
          } else {
            expect(() => applySdkPatch(patch, text(other))).toThrow();
            expect(() => undoSdkPatch(patch, text(other))).toThrow();
          }
        }
      }
    }
  });
});

describe('the lines put into the build file', () => {
  const [offset, size] = WRAP.edit.lines as [string, string];
  const bySeed = [
    'if (DEFINED PARTITION_NAME)',
    ...(WRAP.edit as { before: readonly string[] }).before.slice(1, 3).map((line) => `   ${line.trim()}`),
    'else()',
    `   ${offset}`,
    `   ${size}`,
    'endif()',
    'message(STATUS "Using partition located at offset " ${app_offset} " with size " ${app_size})',
  ];

  test('are known in the spelling of the seed too', () => {
    expect(judgeSdkPatch(WRAP, text(bySeed))).toEqual({
      state: 'applied',
      line: 1,
      detail: 'as it should be',
    });
    expect(undoSdkPatch(WRAP, text(bySeed))).toBe(text([offset, size]));
  });

  test.each([
    ['without the message', bySeed.slice(0, -1), 'partly', 1],
    ['without the condition', [...bySeed.slice(1, 3), offset, size], 'partly', 1],
    ['with the old lines behind them', [...bySeed, offset, size], 'partly', 9],
    ['twice', [...bySeed, ...bySeed], 'partly', 9],
    [
      'with a name of their own',
      bySeed.map((line) => line.replaceAll('PARTITION_NAME', 'MY_PART')),
      'partly',
      8,
    ],
    ['nowhere, the old lines twice', [offset, size, '', offset, size], 'unknown', 4],
    ['nowhere, the old lines in another order', [size, offset], 'unknown', 1],
    ['nowhere, an old line as a comment', [`# ${offset}`, size], 'unknown', 2],
  ])('%s are judged so', (_what, lines, state, line) => {
    expect(judgeSdkPatch(WRAP, text(lines))).toMatchObject({ state, line });
  });
});

describe('the lines moved in the linker script', () => {
  const [one, two] = MOVE.edit.lines as [string, string];
  const script = (
    inText: readonly string[],
    inRodata: readonly string[],
    elsewhere: readonly string[] = [],
  ) =>
    text([
      ...['/* .flash.text : { is a name', 'in a comment } */', '.flash.text2 :', '{', '}'],
      ...['.flash.text :', '{', '  _text_start = ABSOLUTE(.);', ...inText, '  mapping', '} >a'],
      ...elsewhere,
      ...['.flash.rodata ALIGN(4) :', '{', '  . = 0x8;', '', ...inRodata, '  . = ALIGN(4);', '}'],
    ]);
  const [a, b] = [`  ${one} /* first } */`, `  ${two}  /* second */`];

  test('go back behind the empty line that they stood behind', () => {
    const before = script([], [a, b]);
    const made = applySdkPatch(MOVE, before);
    expect(made).toBe(script([a, b], []));
    expect(undoSdkPatch(MOVE, made)).toBe(before);
  });

  test('are known where the seed puts them, behind an empty line', () => {
    expect(judgeSdkPatch(MOVE, script(['', a, b], []))).toMatchObject({ state: 'applied', line: 10 });
  });

  test.each([
    ['one here, one there', script([a], [b]), 'partly'],
    ['both in both', script([a, b], [a, b]), 'partly'],
    ['not the first', script(['  *(.early)', a, b], []), 'partly'],
    ['in the wrong order', script([b, a], []), 'partly'],
    ['something between them', script([], [a, '  *(.between)', b]), 'unknown'],
    ['outside of both', script([], [], [a, b]), 'unknown'],
    ['one only', script([], [a]), 'unknown'],
    [
      'in a script without the section they go to',
      script([], [a, b]).replace('\n.flash.text :', '\n.text :'),
      'unknown',
    ],
    [
      'in a script without the line they go behind',
      script([], [a, b]).replace('_text_start', '_start'),
      'unknown',
    ],
    ['in a section that is not closed', script([], [a, b]).replace(/\}\n$/, ''), 'unknown'],
  ])('are judged so: %s', (_what, lines, state) => {
    const verdict = judgeSdkPatch(MOVE, lines);
    expect(verdict).toMatchObject({ state, line: expect.any(Number) });
    expect(() => applySdkPatch(MOVE, lines)).toThrow(/is (partly|unknown)/);
    expect(() => undoSdkPatch(MOVE, lines)).toThrow(/is (partly|unknown)/);
  });

  test('are not undone where nothing tells where they belong', () => {
    const lines = script([a, b], []).replace('. = 0x8;', '. = 0x9;');
    expect(() => undoSdkPatch(MOVE, lines)).toThrow(/not clear where the lines belong/);
  });
});

test('data of another format are a mistake of esprig', () => {
  expect(() => parseSdkPatches('{"format":1,"patches":[]}')).toThrow(/another format than 2/);
  const strange = { format: 2, patches: [{ name: 'x', file: '../y', edit: { op: 'move' } }] };
  expect(() => parseSdkPatches(JSON.stringify(strange))).toThrow(/outside of the SDK/);
  strange.patches[0]!.edit.op = 'burn';
  expect(() => parseSdkPatches(JSON.stringify(strange))).toThrow(/an edit "burn"/);
});
