import { createHash } from 'node:crypto';
import { RealClock } from '../../harness/core/clock';
import { Deadline } from '../../harness/core/deadline';
import { EventBus } from '../../harness/core/events';
import { connectFlasher } from '../../harness/device/flasher';
import { BoardThread } from '../../harness/host/board-thread';
import { webSerialDevice } from '../../harness/host/testkit/web-serial';
import { memoryPort } from '../../harness/port/memory-port';
import { median, type Measurement, type Section } from './section';

const MEBIBYTE = 0x100000;
const OFFSET = 0x10000;
const BAUD = 921600;
const ROUNDS = 3;
const BUDGET_MS = 300_000;

/** mulberry32: the same data in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function noise(): Uint8Array {
  const next = randomNumbers(1);
  return Uint8Array.from({ length: MEBIBYTE }, next);
}

/**
 * Bytes that deflate as an app does (two thirds of its size): three-byte instructions of a small vocabulary with
 * operands that vary, text, tables and padding, each run ended by blank flash as in a partition that is not full.
 */
function appLike(): Uint8Array {
  const next = randomNumbers(2);
  const bytes = new Uint8Array(MEBIBYTE).fill(0xff);
  const opcodes = Array.from({ length: 48 }, () => next() & 0xff);
  const words = Array.from({ length: 400 }, () =>
    Array.from({ length: 3 + (next() % 8) }, () => 97 + (next() % 26)),
  );
  let at = 1; // not an image for the ROM: the first byte is no magic
  bytes[0] = 0;
  while (at < MEBIBYTE * 0.9) {
    const kind = next() % 16;
    if (kind < 13) {
      for (let i = 0; i < 100; i++) {
        bytes[at++] = opcodes[Math.min(next() % 48, next() % 48)]!;
        bytes[at++] = next() & 0xf3;
        bytes[at++] = next() % 3 === 0 ? next() : next() & 0x0f;
      }
    } else if (kind < 15) {
      for (let i = 0; i < 30; i++) for (const byte of [...words[next() % 400]!, 32]) bytes[at++] = byte;
    } else at += 200 + (next() % 500);
  }
  return bytes;
}

interface Tool {
  /** Connects, writes and verifies; returns how long writing and verifying took, and all of it. */
  flash(board: BoardThread, data: Uint8Array): Promise<{ writeMs: number; allMs: number }>;
}

const OURS: Tool = {
  async flash(board, data) {
    const link = memoryPort(board.line);
    const startMs = performance.now();
    await link.open();
    try {
      using deadline = new Deadline({
        clock: new RealClock(),
        budgetMs: BUDGET_MS,
        phase: 'bench',
        blame: 'rig',
      });
      const bus = new EventBus(new RealClock());
      const troubles: string[] = [];
      bus.on(({ name, data }) => {
        if (name === 'flash-retry') troubles.push(String(data['error']));
      });
      using flasher = await connectFlasher({ link, stub: 'always', flashBaud: BAUD, bus }, deadline);
      const connectedMs = performance.now();
      const result = await flasher.write([{ name: 'data', offset: OFFSET, bytes: data }], {}, deadline);
      if (result.recoveries > 0)
        throw new Error(`the flasher met trouble on a line without faults: ${troubles.join('; ')}`);
      const endMs = performance.now();
      return { writeMs: endMs - connectedMs, allMs: endMs - startMs };
    } finally {
      await link.close();
    }
  },
};

const ESPTOOL_JS: Tool = {
  async flash(board, data) {
    const { ESPLoader, Transport } = await import('esptool-js');
    const startMs = performance.now();
    const transport = new Transport(webSerialDevice(board.line), false);
    transport.trace = () => undefined;
    const terminal = { clean: () => undefined, writeLine: () => undefined, write: () => undefined };
    const loader = new ESPLoader({ transport, baudrate: BAUD, romBaudrate: 115200, terminal });
    await loader.main();
    const connectedMs = performance.now();
    await loader.writeFlash({
      fileArray: [{ data, address: OFFSET }],
      flashMode: 'keep',
      flashFreq: 'keep',
      flashSize: '4MB',
      eraseAll: false,
      compress: true,
      reportProgress: () => undefined,
      calculateMD5Hash: (image: Uint8Array) => createHash('md5').update(image).digest('hex'),
    });
    const endMs = performance.now();
    await transport.disconnect();
    return { writeMs: endMs - connectedMs, allMs: endMs - startMs };
  },
};

/** One flashing of an erased board; the board is looked into afterwards, whatever the tool says. */
async function once(
  tool: Tool,
  data: Uint8Array,
  fastWire: boolean,
): Promise<{ writeMs: number; allMs: number }> {
  await using board = BoardThread.start({ config: { flashSizeBytes: 4 * MEBIBYTE, fastWire } });
  await board.act('power-on');
  const took = await tool.flash(board, data);
  const held = await board.act('read-flash', { offset: OFFSET, length: data.length });
  if (Buffer.compare(held, data) !== 0) throw new Error('the flash does not hold what was written');
  return took;
}

const kilobytesPerSecond = (ms: number): number => MEBIBYTE / 1000 / (ms / 1000);

export const FLASH_SECTION: Section = {
  name: 'flash',
  about: `1 MB into an erased board at ${BAUD} baud, written and verified; esptool-js on the same board, in turns; medians`,
  missing: () => undefined,
  async run(onProgress) {
    const found: Measurement[] = [];
    for (const [what, data] of [
      ['random', noise()],
      ['app-like', appLike()],
    ] as const) {
      for (const fastWire of [false, true]) {
        const ours: { writeMs: number; allMs: number }[] = [];
        const theirs: { writeMs: number; allMs: number }[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          ours.push(await once(OURS, data, fastWire));
          theirs.push(await once(ESPTOOL_JS, data, fastWire));
        }
        const wire = fastWire ? ', fast wire' : '';
        for (const [part, key] of [
          ['write', 'writeMs'],
          ['all', 'allMs'],
        ] as const) {
          const beside = kilobytesPerSecond(median(theirs.map((took) => took[key])));
          found.push({
            name: `${what}${wire}, ${part}`,
            ours: kilobytesPerSecond(median(ours.map((took) => took[key]))),
            beside: { name: 'esptool-js', value: beside },
            unit: 'kB/s',
            bar: beside,
          });
        }
        onProgress(`${what}${wire}: done`);
      }
    }
    return found;
  },
};
