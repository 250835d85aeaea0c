import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { alignLogs, describeFinding, type AlignmentOptions, type LogEvent } from './sse-log-alignment';

const lines = (...texts: string[]) => texts.map((text) => ({ text }));
const marker = (droppedLines: number): LogEvent => ({
  text: `… ${droppedLines} lines dropped`,
  droppedLines,
});
const WHOLE: AlignmentOptions = { isWhole: true };
const said = (texts: readonly string[], events: readonly LogEvent[], options: AlignmentOptions = WHOLE) =>
  alignLogs(lines(...texts), events, options).findings.map(describeFinding);

describe('a stream beside its console', () => {
  test('that brings every line as it was has nothing against it; colours do not count', () => {
    const console = ['\x1b[0;32mI (12) main: up\x1b[0m', '', 'a\tb', 'same', 'same', '\x1b]0;t\x07x\r'];
    const { findings, pairs } = alignLogs(
      lines(...console),
      lines('I (12) main: up', '', 'a\tb', 'same', 'same', 'x'),
      WHOLE,
    );
    expect(findings).toEqual([]);
    expect(pairs.length).toBe(6);
  });

  test('may begin late and end early, unless it is said to be whole', () => {
    const console = ['a', 'b', 'c', 'd', 'e'];
    expect(alignLogs(lines(...console), lines('b', 'c'))).toMatchObject({
      findings: [],
      beforeLines: 1,
      afterLines: 2,
    });
    expect(said(console, lines('b', 'c'))).toEqual(["lost: 'a'", "lost: 'd'", "lost: 'e'"]);
  });

  test('loses a line', () => {
    expect(said(['a', 'b', 'c'], lines('a', 'c'))).toEqual(["lost: 'b'"]);
  });

  test('loses one of several equal lines', () => {
    expect(said(['x', 'a', 'x', 'b', 'x', 'c'], lines('a', 'x', 'b', 'x', 'c'))).toEqual(["lost: 'x'"]);
  });

  test('says how many it has dropped: that is no loss', () => {
    const result = alignLogs(lines('a', 'b', 'c', 'd'), [{ text: 'a' }, marker(2), { text: 'd' }], WHOLE);
    expect(result).toMatchObject({ findings: [], announcedLines: 2 });
  });

  test('says less than it has dropped', () => {
    expect(said(['a', 'b', 'c', 'd', 'e'], [{ text: 'a' }, marker(2), { text: 'e' }])).toEqual(["lost: 'd'"]);
  });

  test('says more than it has dropped', () => {
    expect(said(['a', 'b', 'c'], [{ text: 'a' }, marker(4), { text: 'c' }])).toEqual([
      "'… 4 lines dropped', but 1 are missing",
    ]);
  });

  test('says it at another place than where the lines are missing', () => {
    expect(said(['a', 'b', 'c', 'd'], [{ text: 'a' }, { text: 'c' }, marker(1), { text: 'd' }])).toEqual([
      "lost: 'b'",
      "'… 1 lines dropped', but 0 are missing",
    ]);
  });

  test('brings a line too late, or far too late', () => {
    expect(said(['a', 'b', 'c', 'd'], lines('a', 'c', 'b', 'd'))).toHaveLength(1);
    expect(said(['a', 'b', 'c', 'd', 'e'], lines('a', 'c', 'd', 'e', 'b'))).toEqual([
      "not at its place: 'b'",
    ]);
  });

  test('brings a line twice', () => {
    expect(said(['a', 'b', 'c'], lines('a', 'b', 'b', 'c'))).toEqual(["came twice: 'b'"]);
  });

  test('brings what nobody has said', () => {
    expect(said(['a', 'b'], lines('a', 'zzz', 'b'))).toEqual(["never on the console: 'zzz'"]);
  });

  test('brings two lines glued together', () => {
    expect(said(['line one', 'line two', 'end'], lines('line oneline two', 'end'))).toEqual([
      "never on the console: 'line oneline two'",
      "lost: 'line one'",
      "lost: 'line two'",
    ]);
  });

  test('ends a long line in `…` as the contract has it', () => {
    const long = 'x'.repeat(250);
    const result = alignLogs(lines('a', long, 'b'), lines('a', `${'x'.repeat(197)}…`, 'b'), WHOLE);
    expect(result).toMatchObject({ findings: [], shortenedLines: 1 });
    // Firmware with a higher limit has lost nothing.
    expect(said(['a', long, 'b'], lines('a', long, 'b'))).toEqual([]);
  });

  test.each([
    ['without a word', 'x'.repeat(120)],
    ['too early', `${'x'.repeat(100)}…`],
    ['inside of a character', `${'x'.repeat(196)}\ufffd…`],
  ])('cuts a long line %s', (_how, cut) => {
    const findings = alignLogs(lines('a', 'x'.repeat(250), 'b'), lines('a', cut, 'b'), WHOLE).findings;
    expect(findings.map(({ kind }) => kind)).toEqual(cut.includes('\ufffd') ? ['foreign', 'lost'] : ['cut']);
  });

  test('cuts a line that is not too long', () => {
    expect(said(['a', 'hello world', 'b'], lines('a', 'hello w', 'b'))).toEqual([
      "cut: 'hello w' of 'hello world'",
    ]);
    expect(
      said(['a', 'hello world', 'b'], lines('a', 'hello w…', 'b'), { ...WHOLE, limitBytes: false }),
    ).toEqual(["cut: 'hello w…' of 'hello world'"]);
  });

  test('is not blamed for a console line that the cable has broken', () => {
    expect(
      alignLogs([{ text: 'a' }, { text: '\ufffd\ufffd', isCut: true }, { text: 'b' }], lines('a', 'b'), WHOLE)
        .findings,
    ).toEqual([]);
  });

  test('of nothing, or beside nothing', () => {
    expect(alignLogs([], [], WHOLE).findings).toEqual([]);
    expect(said([], lines('a'))).toEqual(["never on the console: 'a'"]);
    expect(said(['a'], [])).toEqual(["lost: 'a'"]);
    expect(alignLogs(lines('a'), []).findings).toEqual([]);
  });
});

describe('whatever happens to a log', () => {
  /** Lines that each stand once, as those with a time in front do. */
  const unique = fc
    .integer({ min: 1, max: 60 })
    .map((count) => Array.from({ length: count }, (_, i) => `I (${1000 + i * 7}) tag${i % 3}: number ${i}`));
  const repeated = fc.array(fc.constantFrom('', 'tick', 'tock', 'I (1) same', 'I (2) same'), {
    maxLength: 60,
  });
  const marks = fc.array(fc.nat(5), { minLength: 60, maxLength: 60 });

  test('lines that were taken out are found lost, each of them and no other', () => {
    fc.assert(
      fc.property(unique, marks, (texts, mark) => {
        const kept = texts.filter((_, i) => mark[i] !== 0);
        const { findings } = alignLogs(lines(...texts), lines(...kept), WHOLE);
        const lost = [...texts.keys()].filter((i) => mark[i] === 0);
        expect(findings.map((f) => [f.kind, 'consoleIndex' in f && f.consoleIndex])).toEqual(
          lost.map((index) => ['lost', index]),
        );
      }),
    );
  });

  test('lines that repeat themselves are missed in their number', () => {
    fc.assert(
      fc.property(repeated, marks, (texts, mark) => {
        const kept = texts.filter((_, i) => mark[i] !== 0);
        const { findings, pairs } = alignLogs(lines(...texts), lines(...kept), WHOLE);
        expect(pairs.length).toBe(kept.length);
        expect(findings.map(({ kind }) => kind)).toEqual(
          Array.from({ length: texts.length - kept.length }, () => 'lost'),
        );
      }),
    );
  });

  test('runs that are announced at their place are no finding', () => {
    fc.assert(
      fc.property(unique, marks, (texts, mark) => {
        const events: LogEvent[] = [];
        let dropped = 0;
        const flush = (): void => {
          if (dropped > 0) events.push(marker(dropped));
          dropped = 0;
        };
        for (const [i, text] of texts.entries()) {
          if (mark[i]! < 2) dropped += 1;
          else {
            flush();
            events.push({ text });
          }
        }
        flush();
        const { findings, announcedLines } = alignLogs(lines(...texts), events, WHOLE);
        expect(findings).toEqual([]);
        expect(announcedLines).toBe(texts.filter((_, i) => mark[i]! < 2).length);
      }),
    );
  });

  test('lines that came again, were cut or moved are each called by their name', () => {
    fc.assert(
      fc.property(unique, marks, (texts, mark) => {
        const events: LogEvent[] = [];
        const wanted: string[] = [];
        let moved: string | undefined;
        for (const [i, text] of texts.entries()) {
          if (mark[i] === 1) {
            events.push({ text }, { text });
            wanted.push('duplicated');
          } else if (mark[i] === 2) {
            // Not shorter, or it would be the beginning of others as well.
            events.push({ text: text.slice(0, -1) });
            if (!texts.includes(text.slice(0, -1))) wanted.push('cut');
          } else if (mark[i] === 3 && moved === undefined && i > 0 && i < texts.length - 1) {
            moved = text;
          } else events.push({ text });
        }
        if (moved !== undefined) {
          events.unshift({ text: moved });
          wanted.push('reordered');
        }
        const { findings } = alignLogs(lines(...texts), events, WHOLE);
        expect(findings.map(({ kind }) => kind).sort()).toEqual(wanted.sort());
      }),
    );
  });

  test('every line and every event is accounted for exactly once', () => {
    const any = fc.array(fc.constantFrom('a', 'b', 'hello', 'hello world', 'hello world!', 'x'.repeat(300)), {
      maxLength: 50,
    });
    fc.assert(
      fc.property(any, any, (texts, heard) => {
        const { findings, pairs } = alignLogs(lines(...texts), lines(...heard), WHOLE);
        const consoleUses = [
          ...pairs.map(({ consoleIndex }) => consoleIndex),
          ...findings.flatMap((f) => (f.kind === 'lost' || f.kind === 'reordered' ? [f.consoleIndex] : [])),
        ].sort((a, b) => a - b);
        const eventUses = [
          ...pairs.map(({ eventIndex }) => eventIndex),
          ...findings.flatMap((f) =>
            f.kind === 'reordered' || f.kind === 'duplicated' || f.kind === 'foreign' ? [f.eventIndex] : [],
          ),
        ].sort((a, b) => a - b);
        expect(consoleUses).toEqual([...texts.keys()]);
        expect(eventUses).toEqual([...heard.keys()]);
      }),
      { numRuns: 300 },
    );
  });

  test('20 000 lines with hundreds of losses, repeats and cuts take seconds at most', () => {
    const texts = Array.from({ length: 20_000 }, (_, i) =>
      i % 5 === 0 ? 'tick' : `I (${i * 13}) task: value ${i} of the measurement`,
    );
    const events = texts.flatMap((text, i) => {
      if (i % 50 === 7) return [];
      if (i % 91 === 3) return lines(text, text);
      return lines(i % 113 === 9 ? text.slice(0, 20) : text);
    });
    const startedMs = performance.now();
    const { findings } = alignLogs(lines(...texts), events, WHOLE);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(findings.filter(({ kind }) => kind === 'lost').length).toBeGreaterThanOrEqual(399);
  });
});
