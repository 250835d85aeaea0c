import { setTimeout as sleep } from 'node:timers/promises';
import { check, same, type Probe, type ProbeDevice } from './device';
import { EventStream, openDeaf } from './stream';
import { awaitRestart, codeOf, expectAnswer, head, notAnImage, plan, post, say, status, until } from './talk';

/** Probes of event streams and of the console lines on them. */

/** Something that every device prints a line about. */
async function makeItPrint(device: ProbeDevice): Promise<void> {
  const answer = await say(device, 'a body that is no image', post(device, notAnImage(9)));
  expectAnswer('a body that is no image', answer, 400, 'bad_magic');
}

const PRINTED = /upload refused: bad_magic/;
const DROPPED = /^… (\d+) lines? dropped$/;

async function openStreams(device: ProbeDevice, count: number): Promise<EventStream[]> {
  const streams: EventStream[] = [];
  try {
    for (let i = 0; i < count; i += 1) streams.push(await EventStream.open(device));
    return streams;
  } catch (error) {
    for (const stream of streams) stream[Symbol.dispose]();
    throw error;
  }
}

const fourthStream: Probe = {
  name: 'fourth-stream',
  about: 'one stream too many is 503 with Retry-After, and the others go on, log and all',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    const streams = await openStreams(device, device.limits.maxClients);
    try {
      for (let i = 0; i < 3; i += 1) {
        const answer = await say(device, 'a stream too many', head(device, 'GET', '/event'));
        same('a stream too many', [answer.status, codeOf(answer)], [503, 'too_many_clients']);
        check(Number(answer.headers['retry-after']) > 0, 'a stream too many: no Retry-After');
      }
      await makeItPrint(device);
      for (const stream of streams) await stream.untilLog(PRINTED);
    } finally {
      for (const stream of streams) stream[Symbol.dispose]();
    }
    await untilNoClients(device);
    using again = await EventStream.open(device);
    await makeItPrint(device);
    await again.untilLog(PRINTED);
  },
};

async function untilNoClients(device: ProbeDevice): Promise<void> {
  await until(
    device.limits.answerMs,
    'no stream left in /status',
    async () => (await status(device)).clients === 0,
  );
}

const comeAndGo: Probe = {
  name: 'streams-come-and-go',
  about: 'streams that come and go disturb no request and leave no trace',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    await untilNoClients(device);
    for (let i = 0; i < 12; i += 1) {
      const streams = await openStreams(device, 1 + (i % device.limits.maxClients));
      await status(device);
      for (const stream of streams) stream[Symbol.dispose]();
      await status(device);
      await untilNoClients(device);
    }
  },
};

/** Much more than a connection holds on its way, at both ends together. */
const FILL_LIMIT_MS = 6_000;
const FILL_ROUNDS = 600;

/** Lines until a stream that is not read is full, and the device has dropped it: from then on it can be in nobody's way. */
async function fillDeaf(device: ProbeDevice, live: EventStream): Promise<void> {
  const answerMs = Math.min(device.limits.answerMs, 3_000);
  const impatient = { ...device, limits: { ...device.limits, answerMs } };
  const startMs = performance.now();
  for (let round = 0; round < FILL_ROUNDS && performance.now() - startMs < FILL_LIMIT_MS; round += 1) {
    if (device.printMany === undefined) await makeItPrint(impatient);
    else await device.printMany(50);
    await sleep(10);
    check(!live.isEnded, 'a stream that was read was closed');
    if (round % 10 === 0 && (await status(impatient)).clients <= 1) return;
  }
  // A device that prints little when asked to may never get there.
  check(device.printMany === undefined, 'a stream that takes nothing is kept, and everybody waits for it');
}

const deafReader: Probe = {
  name: 'deaf-reader',
  about: 'streams that nobody reads hold up neither requests nor an upload, and another stream loses nothing',
  needs: [],
  isInstalling: true,
  run: async (device) => {
    const { slot, image } = await plan(device);
    const deaf = [openDeaf(device)];
    try {
      using live = await EventStream.open(device);
      await until(device.limits.answerMs, 'two streams', async () => (await status(device)).clients === 2);
      await fillDeaf(device, live);
      deaf.push(openDeaf(device));
      const answer = await say(device, 'an upload beside a stream that nobody reads', post(device, image));
      expectAnswer('an upload beside a stream that nobody reads', answer, 200);
      await live.until('the upload as events', () => live.progress().at(-1)?.status === 'installed');
      live.checkIds();
      live.checkProgress('installed');
      await awaitRestart(device, slot.label);
    } finally {
      for (const socket of deaf) socket.destroy();
    }
  },
};

const keepAlive: Probe = {
  name: 'keep-alive',
  about: 'a stream on which nothing happens gets a comment in time, again and again',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    using stream = await EventStream.open(device);
    for (let count = 1; count <= 2; count += 1) {
      await stream.until(
        `keep-alive ${count}`,
        () =>
          stream.items.filter((item) => item.kind === 'comment' && /keep-alive/.test(item.text)).length >=
          count,
        device.limits.keepAliveMs + Math.max(1_000, device.limits.answerMs / 4),
      );
    }
    same('retry', stream.items[0], { kind: 'retry', retryMs: 2_000 });
  },
};

const logIsPlain: Probe = {
  name: 'log-is-plain',
  about: 'no log event holds a colour code or another control character',
  needs: [],
  isInstalling: false,
  run: async (device) => {
    using stream = await EventStream.open(device);
    await makeItPrint(device);
    await stream.untilLog(PRINTED);
    for (const { data } of stream.events('log')) {
      const controls = data.split('').filter((char) => (char < ' ' && char !== '\t') || char === '\u007f');
      same(`control characters in a log event (${data})`, controls, []);
    }
  },
};

/** A console line as an event has it. */
function plain(line: string): string {
  // eslint-disable-next-line no-control-regex -- colours, as the log prints them
  return line.replace(/\u001b\[[0-9;]*m/g, '').replace(/\r$/, '');
}

const logEqualsConsole: Probe = {
  name: 'log-equals-console',
  about: 'the log events of a stream that is read are the lines of the serial console, in their order',
  needs: ['consoleLines'],
  isInstalling: false,
  run: async (device) => {
    using stream = await EventStream.open(device);
    await status(device);
    const from = device.consoleLines!().length;
    const seen = stream.events('log').length;
    for (let i = 0; i < 10; i += 1) await makeItPrint(device);
    const onStream = (): readonly string[] =>
      stream
        .events('log')
        .slice(seen)
        .map(({ data }) => data);
    const isOurs = (line: string): boolean => PRINTED.test(line);
    await stream.until('ten log events', () => onStream().filter(isOurs).length >= 10);
    await until(device.limits.answerMs, 'ten lines on the console', () => {
      return device.consoleLines!().slice(from).filter(isOurs).length >= 10;
    });
    same(
      'log events beside the console',
      onStream().filter(isOurs),
      device.consoleLines!().slice(from).filter(isOurs).map(plain),
    );
  },
};

/** How many letters stand before the wide characters. */
const frontOf = (line: string): number => line.search(/[^c]/);

const longLogLine: Probe = {
  name: 'long-log-line',
  about: 'a console line over the limit ends in an ellipsis at a whole character, one at the limit does not',
  needs: ['print'],
  isInstalling: false,
  run: async (device) => {
    const { logLineBytes } = device.limits;
    using stream = await EventStream.open(device);
    await device.print!('a'.repeat(logLineBytes));
    await device.print!('b'.repeat(logLineBytes + 1));
    // Three bytes a character, and the limit at each of them.
    const wide = ['c', 'cc', 'ccc'].map((front) => front + '\u20ac'.repeat(logLineBytes / 2));
    for (const line of wide) await device.print!(line);
    await device.print!('end');
    await stream.untilLog(/^end$/);
    const lines = stream.events('log').map(({ data }) => data);
    same(
      'a line at the limit',
      lines.find((line) => line.startsWith('aa')),
      'a'.repeat(logLineBytes),
    );
    const long = lines.find((line) => line.startsWith('bb')) ?? '';
    check(/^b+…$/.test(long), `a line over the limit ends in ${JSON.stringify(long.slice(-5))}`);
    check(Buffer.byteLength(long) <= logLineBytes, 'the cut line is over the limit');
    const cut = lines.filter((line) => line.startsWith('c'));
    const kept = (line: string): string =>
      line.slice(0, Math.floor((logLineBytes - 3 - frontOf(line)) / 3) + frontOf(line));
    same(
      'lines of characters of three bytes',
      cut,
      wide.map((line) => `${kept(line)}\u2026`),
    );
  },
};

const logBurst: Probe = {
  name: 'log-burst',
  about: 'lines on the stream and lines told as dropped are together the lines of the console',
  needs: ['print', 'printMany'],
  isInstalling: false,
  run: async (device) => {
    using stream = await EventStream.open(device);
    const count = 3_000;
    await device.printMany!(count);
    await stream.until('an event that tells of dropped lines', () =>
      stream.events('log').some(({ data }) => DROPPED.test(data)),
    );
    await device.print!('behind them');
    await stream.untilLog(/^behind them$/);
    const lines = stream.events('log').map(({ data }) => data);
    const came = lines.filter((line) => /^line \d+$/.test(line)).length;
    const dropped = lines.reduce((sum, line) => sum + Number(DROPPED.exec(line)?.[1] ?? 0), 0);
    same('lines that came and lines told as dropped', came + dropped, count);
    stream.checkIds();
  },
};

export const STREAM_PROBES: readonly Probe[] = [
  fourthStream,
  comeAndGo,
  deafReader,
  keepAlive,
  logIsPlain,
  logEqualsConsole,
  longLogLine,
  logBurst,
];
