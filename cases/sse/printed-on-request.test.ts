/** @needs console-commands */
import { describe, expect, metric, phase, rig, test } from '../../harness';
import type { Board, CaseEvents } from '../../harness';

/** A log event's text, by docs/dut-contract.md section 2. */
const LIMIT_BYTES = 200;
const ELLIPSIS = '…';

const sizeOf = (text: string): number => Buffer.byteLength(text);

interface Printed {
  /** On the serial line. */
  readonly said: string;
  /** In the event stream. */
  readonly heard: string;
}

/** What one command prints, on both sides. One at a time: none has to make room for another. */
async function print(board: Board, events: CaseEvents, command: string): Promise<Printed> {
  const mark = events.mark();
  const since = await board.console.command(command);
  const heard = await events.waitForLog(/ console: (?!> )/, { since: mark });
  const said = await board.waitForLog(/^(.* console: (?!> ).*)\n/, { since });
  return { said: said.match[1]!, heard: heard.text };
}

/** Down, not up: when the time at the line's beginning gets a digit more on the way, no length is left out. */
function* downwards(from: number, to: number): Iterable<number> {
  for (let length = from; length >= to; length -= 1) yield length;
}

/** Text and time in front have 17 to 20 bytes: around the limit for every one of them. */
const AROUND_THE_LIMIT = [190, 178] as const;

/** Prints a burst, and waits until every client has what was printed after it. */
async function burst(board: Board, clients: readonly CaseEvents[], count: number): Promise<void> {
  const marks = clients.map((events) => events.mark());
  await board.console.command(`burst ${String(count)}`);
  const end = `end of ${String(count)}`;
  // Told to a server that has had time to take what the burst left it.
  for (const [index, events] of clients.entries()) {
    await events.waitForLog(new RegExp(`burst \\d+ of ${String(count)}$`), { since: marks[index] });
  }
  await board.console.command(`say ${end}`);
  await board.waitForLog(`console: ${end}\n`);
  for (const [index, events] of clients.entries()) {
    await events.waitForLog(new RegExp(`: ${end}$`), { since: marks[index] });
  }
}

/** How many lines of a burst were told as dropped. Each is in the stream, or told at its place; in order, none twice. */
function expectWholeBurst(events: CaseEvents, count: number): number {
  const isOfIt = new RegExp(`: (?:> burst ${String(count)}|burst (\\d+) of ${String(count)})$`);
  const first = events.log.findIndex(({ text }) => isOfIt.test(text));
  const end = events.log.findIndex(({ text }) => text.endsWith(`: end of ${String(count)}`));
  expect(first).toBeGreaterThanOrEqual(0);
  let next = 1;
  let droppedLines = 0;
  for (const line of events.log.slice(first, end)) {
    const number = isOfIt.exec(line.text)?.[1];
    if (line.droppedLines !== undefined) {
      next += line.droppedLines;
      droppedLines += line.droppedLines;
    } else if (number !== undefined) {
      expect({ burst: count, line: Number(number) }).toEqual({ burst: count, line: next });
      next += 1;
    }
  }
  expect({ burst: count, accountedFor: next - 1 }).toEqual({ burst: count, accountedFor: count });
  return droppedLines;
}

/** What `line N` prints: groups of four, each the offset that it stands at. */
const ruler = (sizeBytes: number): string =>
  Array.from({ length: Math.ceil(sizeBytes / 4) }, (_, i) => `${String(4 * i).padStart(3, '0')} `)
    .join('')
    .slice(0, sizeBytes);

/** What `wide N` prints: dots, then characters of three bytes, no two the same. */
const wide = (sizeBytes: number): string =>
  '.'.repeat(sizeBytes % 3) +
  String.fromCharCode(...Array.from({ length: Math.floor(sizeBytes / 3) }, (_, i) => 0x2800 + i));

describe('a line that is printed on request', () => {
  test('is whole up to the limit, and ends in an ellipsis within it from one byte more on', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    const seen = new Set<number>();
    for (const sizeBytes of [600, 300, ...downwards(...AROUND_THE_LIMIT), 1]) {
      const { said, heard } = await print(board, events, `line ${String(sizeBytes)}`);
      expect(said.slice(said.indexOf(': ') + 2)).toBe(ruler(sizeBytes));
      seen.add(sizeOf(said));
      const isLong = sizeOf(said) > LIMIT_BYTES;
      expect(heard).toBe(isLong ? said.slice(0, LIMIT_BYTES - sizeOf(ELLIPSIS)) + ELLIPSIS : said);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining([LIMIT_BYTES - 1, LIMIT_BYTES, LIMIT_BYTES + 1, LIMIT_BYTES + 2]),
    );
    await expect(events).toMatchSerialLog();
  });

  test('of characters of three bytes is never cut within one', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    /** Where the limit fell: how many bytes the last character that had room left unused. */
    const unused = new Set<number>();
    for (const sizeBytes of [599, ...downwards(...AROUND_THE_LIMIT)]) {
      const { said, heard } = await print(board, events, `wide ${String(sizeBytes)}`);
      expect(said.slice(said.indexOf(': ') + 2)).toBe(wide(sizeBytes));
      if (sizeOf(said) <= LIMIT_BYTES) {
        expect(heard).toBe(said);
        continue;
      }
      const kept = heard.slice(0, -ELLIPSIS.length);
      expect(heard).toBe(said.slice(0, kept.length) + ELLIPSIS);
      unused.add(LIMIT_BYTES - sizeOf(heard));
    }
    // As much as fits, whatever stands before the first of them.
    expect([...unused].sort()).toEqual([0, 1, 2]);
    await expect(events).toMatchSerialLog();
  });

  test('passes in every script as it is', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    for (const text of ['Grüße, 10 € für 5 °C', 'привет', '温度 23', '🔥 data: {"a":1}', '  two blanks  ']) {
      const { said, heard } = await print(board, events, `say ${text}`);
      expect(said.endsWith(`: ${text}`)).toBe(true);
      expect(heard).toBe(said);
    }
  });
});

describe('a burst of lines', () => {
  test('is in the stream, or told as dropped at its place, in order, none twice', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    for (const count of [5, 100, 250]) {
      await burst(board, [events], count);
      metric(`lines dropped of ${String(count)}`, expectWholeBurst(events, count), 'lines', 'less');
    }
    await expect(events).toMatchSerialLog();
    expect(events.gaps).toEqual([]);
  });

  test('is the same for every client', async () => {
    await using board = await rig();
    await using a = await board.dut.openEvents();
    await using b = await board.dut.openEvents();
    await using c = await board.dut.openEvents();
    await burst(board, [a, b, c], 100);
    expectWholeBurst(a, 100);
    const from = (events: CaseEvents): readonly unknown[] =>
      events.log
        .slice(events.log.findIndex(({ text }) => text.endsWith(': > burst 100')))
        .map(({ id, text }) => ({ id, text }));
    expect(from(b)).toEqual(from(a));
    expect(from(c)).toEqual(from(a));
  });

  test('is told as completely during an upload, and does not disturb it', async () => {
    await using board = await rig();
    await using events = await board.dut.openEvents();
    const { bytes } = board.dut.uploadRequest(board.image());
    const third = Math.floor(bytes.length / 3);
    await using upload = await board.dut.connect();
    await phase('while it waits for more', async () => {
      await upload.send(bytes.subarray(0, third));
      await events.waitForProgress(({ status, progress }) => status === 'receiving' && progress > 0);
      await burst(board, [events], 100);
    });
    await phase('while bytes come', async () => {
      const sent = upload.send(bytes.subarray(third, 2 * third));
      await burst(board, [events], 120);
      expect(await sent).toBe(true);
    });
    await upload.send(bytes.subarray(2 * third));
    expect((await upload.readAnswer()).status).toBe(200);
    expectWholeBurst(events, 100);
    expectWholeBurst(events, 120);
    await expect(events).toMatchSerialLog();
    board.rig.console.allowResets(1);
    await board.waitForUpdate();
  });
});
