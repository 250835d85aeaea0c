import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { EventBus } from '../core/events';
import type { EsprigEvent } from '../core/events';
import { memoryPort } from '../port/memory-port';
import type { MemoryPort } from '../port/memory-port';
import { connectFlasher } from './flasher';
import type { Flasher } from './flasher';
import type { FlashPart } from './flash-plan';
import type { FlasherOptions, FlashProgress } from './flash-types';
import { deadlineOf } from './testkit/deadlines';
import { FakeChip } from './testkit/fake-chip';
import type { FakeChipOptions } from './testkit/fake-chip';
import { QUICK_RECIPES } from './testkit/quick-recipes';

interface Bench {
  readonly chip: FakeChip;
  readonly link: MemoryPort;
  readonly events: EsprigEvent[];
  readonly connect: (options?: Partial<FlasherOptions>, signal?: AbortSignal) => Promise<Flasher>;
}

const chips: FakeChip[] = [];
const links: MemoryPort[] = [];

afterEach(async () => {
  for (const link of links.splice(0)) await link.close();
  for (const chip of chips.splice(0)) chip.dispose();
});

async function bench(options: FakeChipOptions = {}): Promise<Bench> {
  const chip = new FakeChip(options);
  const link = memoryPort(chip.line);
  chips.push(chip);
  links.push(link);
  await link.open();
  const events: EsprigEvent[] = [];
  const bus = new EventBus(new RealClock());
  bus.on((event) => events.push(event));
  return {
    chip,
    link,
    events,
    connect: (more = {}, signal) =>
      connectFlasher(
        { link, bus, board: QUICK_RECIPES, limits: { replyMs: 400, syncMs: 50, greetingMs: 300 }, ...more },
        deadlineOf(20_000, signal),
      ),
  };
}

function part(offset: number, sizeBytes: number, fill?: number): FlashPart {
  const bytes =
    fill === undefined ? new Uint8Array(randomBytes(sizeBytes)) : new Uint8Array(sizeBytes).fill(fill);
  // No image magic at the front: these are data.
  bytes[0] = 0x00;
  return { name: `part-${offset.toString(16)}`, offset, bytes };
}

/** Half noise, half text: compresses somewhat, as firmware does. */
function mixed(offset: number, sizeBytes: number): FlashPart {
  const made = part(offset, sizeBytes);
  for (let i = 1; i < sizeBytes; i += 3) made.bytes[i] = 0x41;
  return made;
}

const inFlash = (chip: FakeChip, { offset, bytes }: FlashPart): boolean =>
  Buffer.from(chip.flash.subarray(offset, offset + bytes.length)).equals(bytes);

describe('connecting', () => {
  it('resets into the loader and tells who the board is', async () => {
    const { chip, connect, link } = await bench();
    const flasher = await connect({ board: 'nodemcu' });
    expect(flasher.identity).toMatchObject({
      chip: 'ESP8266EX',
      mac: '5c:cf:7f:01:23:45',
      flashId: 0x1640ef,
      flashName: 'W25Q32',
      flashSizeBytes: 0x400000,
    });
    expect(flasher.loader).toBe('stub');
    expect(link.baud).toBe(460800);
    expect(chip.bootModes[0]).toBe(1);
  });

  it('works with the boot ROM alone when asked to', async () => {
    const { connect, link } = await bench();
    const flasher = await connect({ stub: 'never' });
    expect(flasher.loader).toBe('rom');
    expect(link.baud).toBe(115200);
    expect(flasher.identity.flashSizeBytes).toBe(0x400000);
  });

  it('falls back to the ROM when the stub does not start, and says so', async () => {
    const { connect, events } = await bench({ stubStarts: false });
    const flasher = await connect();
    expect(flasher.loader).toBe('rom');
    expect(events.map((event) => event.name)).toContain('stub-failed');
  });

  it('steps the rate down until the line works', async () => {
    const { connect, link, events } = await bench({ highestBaud: 250_000 });
    await connect({ flashBaud: 921600 });
    expect(link.baud).toBe(230400);
    expect(events.filter((event) => event.name === 'flash-retry')).toHaveLength(2);
  });

  it('stops at another board than the one expected', async () => {
    const { chip, connect } = await bench();
    await expect(connect({ expectMac: '5c:cf:7f:99:99:99' })).rejects.toMatchObject({
      code: 'ESPRIG_RIG_WRONG_BOARD',
      blame: 'rig',
      message: expect.stringMatching(/5c:cf:7f:01:23:45.*5c:cf:7f:99:99:99/),
    });
    expect(chip.log).toEqual([]);
    expect(chip.bytesProgrammed).toBe(0);
  });

  it('takes the expected MAC in any spelling', async () => {
    const { connect } = await bench();
    await expect(connect({ expectMac: '5C-CF-7F-01-23-45' })).resolves.toBeDefined();
  });

  it.each([
    [
      'board in no reset circuit',
      { circuit: 'none', chatter: 'I (1) app: alive\n' },
      /goes on sending/,
      /no reset circuit/,
    ],
    ['GPIO0 not wired', { circuit: 'en-only' }, /boot mode 3 instead of 1/, /GPIO0 is not pulled low/],
    ['silent board', { mute: true, circuit: 'none' }, /silent/, /powered/],
    ['wire to RX cut', { deaf: true }, /does not hear us/, /wire to its RX pin/],
  ] as const)(
    'explains a %s',
    async (_what, options, message, hint) => {
      const { link } = await bench(options);
      const startMs = performance.now();
      const failed = connectFlasher(
        { link, connectAttempts: 2, board: QUICK_RECIPES, limits: { syncMs: 40 } },
        deadlineOf(20_000),
      );
      await expect(failed).rejects.toMatchObject({
        code: 'ESPRIG_ROM_NO_SYNC',
        blame: 'rig',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      });
      expect(performance.now() - startMs).toBeLessThan(4500);
    },
    10_000,
  );
});

describe.each(['stub', 'rom'] as const)('writing with the %s', (loader) => {
  const stub = loader === 'stub' ? 'always' : 'never';

  it('writes several parts, and the flash holds them', async () => {
    const { chip, connect } = await bench();
    const flasher = await connect({ stub });
    const parts = [part(0x8000, 3000), mixed(0x10000, 70_001), part(0x3f0000, 0x10000, 0xaa)];
    const result = await flasher.write(parts, {}, deadlineOf(20_000));
    for (const each of parts) expect(inFlash(chip, each)).toBe(true);
    expect(result.parts.map((each) => each.verifiedBy)).toEqual(
      Array(3).fill(loader === 'stub' ? 'md5' : 'rom-readback'),
    );
    expect(result).toMatchObject({ loader, recoveries: 0 });
  });

  it('erases no sector outside the parts', async () => {
    const { chip, connect } = await bench();
    chip.flash.fill(0x5a);
    const flasher = await connect({ stub });
    await flasher.write(
      [part(0x1f000, 0x20000), part(0x41000, 0x1000), part(0x50000, 0x3000), part(0x6e000, 0x5000)],
      {},
      deadlineOf(20_000),
    );
    const outside = (from: number, to: number): boolean =>
      chip.flash.subarray(from, to).every((byte) => byte === 0x5a);
    expect(outside(0, 0x1f000)).toBe(true);
    expect(outside(0x3f000, 0x41000)).toBe(true);
    expect(outside(0x42000, 0x50000)).toBe(true);
    expect(outside(0x53000, 0x6e000)).toBe(true);
    expect(outside(0x73000, 0x400000)).toBe(true);
  });

  it('sends a block again when its checksum came out wrong', async () => {
    const { chip, connect } = await bench();
    const flasher = await connect({ stub });
    const once = new Set<number>();
    chip.onCommand = (op, data) => {
      if ((op === 0x03 || op === 0x11) && once.size < 2 && !once.has(data.readUInt32LE(4))) {
        once.add(data.readUInt32LE(4));
        data[data.length - 1]! ^= 0x10;
      }
      return undefined;
    };
    const data = mixed(0x10000, 80_000);
    const result = await flasher.write([data], { rewrite: true }, deadlineOf(20_000));
    expect(once.size).toBe(2);
    expect(inFlash(chip, data)).toBe(true);
    expect(result.recoveries).toBe(0);
  });

  it('makes the connection anew when an answer is lost, and goes on', async () => {
    const { chip, connect, events } = await bench();
    const flasher = await connect({ stub });
    let lost = 0;
    chip.onCommand = (op) => (op === (loader === 'stub' ? 0x12 : 0x03) && lost++ === 0 ? true : undefined);
    const data = mixed(0x10000, 20_000);
    const result = await flasher.write([data], { rewrite: true }, deadlineOf(40_000));
    expect(inFlash(chip, data)).toBe(true);
    expect(result.recoveries).toBe(1);
    expect(events.some((event) => event.name === 'flash-retry')).toBe(true);
  }, 20_000);

  it('erases a region and nothing else', async () => {
    const { chip, connect } = await bench();
    chip.flash.fill(0);
    const flasher = await connect({ stub });
    await flasher.erase(0x1000, 0x20000, deadlineOf(10_000));
    expect(chip.flash.subarray(0x1000, 0x21000).every((byte) => byte === 0xff)).toBe(true);
    expect(chip.flash.subarray(0, 0x1000).every((byte) => byte === 0)).toBe(true);
    expect(chip.flash.subarray(0x21000).every((byte) => byte === 0)).toBe(true);
  });

  it('erases the chip', async () => {
    const { chip, connect } = await bench({ flashBytes: 0x100000, flashId: 0x1440ef });
    chip.flash.fill(0);
    const flasher = await connect({ stub });
    await flasher.eraseAll(deadlineOf(10_000));
    expect(chip.flash.every((byte) => byte === 0xff)).toBe(true);
  });

  it('stops when told to, leaving an error that says so', async () => {
    const { chip, connect } = await bench();
    const stop = new AbortController();
    const flasher = await connect({ stub });
    chip.onCommand = (op) => {
      if (op === 0x03 || op === 0x11) stop.abort();
      return undefined;
    };
    await expect(
      flasher.write([part(0x10000, 200_000)], {}, deadlineOf(20_000, stop.signal)),
    ).rejects.toMatchObject({
      code: 'ESPRIG_CANCELLED',
    });
  });

  it('ends in one clear error when the cable is pulled in the middle', async () => {
    const { chip, connect, link } = await bench();
    const flasher = await connect({ stub });
    chip.onCommand = (op) => {
      if (op === 0x03 || op === 0x11) link.unplug();
      return undefined;
    };
    await expect(flasher.write([part(0x10000, 200_000)], {}, deadlineOf(20_000))).rejects.toMatchObject({
      code: 'ESPRIG_PORT_UNPLUGGED',
      hint: expect.any(String),
    });
  });

  it('leaves the loader for the app', async () => {
    const { chip, connect } = await bench();
    const flasher = await connect({ stub });
    await flasher.leave(deadlineOf(5000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(chip.mode).toBe('app');
    expect(chip.bootModes.at(-1)).toBe(3);
  });
});

describe('a bad line', () => {
  const CHECKSUM = 0x07;
  const MEM_END = 0x06;
  const DEFLATE_BEGIN = 0x10;
  const DEFLATE_DATA = 0x11;

  it("is the rig's affair and never the firmware's, for none runs", async () => {
    const { chip, link, connect } = await bench();
    const flasher = await connect({ recoveries: 1 });
    chip.onCommand = (op) => (op === DEFLATE_BEGIN ? CHECKSUM : undefined);
    const data = mixed(0x10000, 20_000);
    await expect(flasher.write([data], { rewrite: true }, deadlineOf(20_000))).rejects.toMatchObject({
      code: 'ESPRIG_ROM_STATUS',
      blame: 'rig',
      hint: expect.stringMatching(/cable/),
      cause: { blame: 'dut' },
    });
    // Whoever's time it was.
    using short = new Deadline({ clock: new RealClock(), budgetMs: 300, phase: 'case', blame: 'dut' });
    chip.onCommand = () => true;
    const silent = connectFlasher({ link, board: QUICK_RECIPES, limits: { syncMs: 250 } }, short);
    await expect(silent).rejects.toMatchObject({ code: 'ESPRIG_DEADLINE', blame: 'rig' });
  });

  it('does not cost the stub that a write has begun with', async () => {
    const { chip, connect, events } = await bench();
    const flasher = await connect();
    let starts = 0;
    let lost = 0;
    chip.onCommand = (op) => {
      if (op === MEM_END) chip.stubStarts = ++starts > 3;
      return op === DEFLATE_DATA && lost++ === 0 ? true : undefined;
    };
    const data = mixed(0x10000, 20_000);
    const result = await flasher.write([data], { rewrite: true }, deadlineOf(40_000));
    expect(inFlash(chip, data)).toBe(true);
    expect(result).toMatchObject({ loader: 'stub', recoveries: 4 });
    expect(events.map((event) => event.name)).not.toContain('stub-failed');
  }, 20_000);
});

describe('writing only what differs', () => {
  it('writes nothing when the flash holds it all, and says so', async () => {
    const { chip, connect } = await bench();
    const flasher = await connect();
    const parts = [part(0x8000, 3000), mixed(0x10000, 300_000)];
    await flasher.write(parts, {}, deadlineOf(20_000));
    const before = { erased: chip.sectorsErased, programmed: chip.bytesProgrammed };
    const result = await flasher.write(parts, {}, deadlineOf(20_000));
    expect(result.parts.map((each) => [each.action, each.writtenBytes, each.sentBytes])).toEqual([
      ['skipped', 0, 0],
      ['skipped', 0, 0],
    ]);
    expect({ erased: chip.sectorsErased, programmed: chip.bytesProgrammed }).toEqual(before);
  });

  it.each([0, 5, 123_456, 299_999])('writes one sector again when the byte at %i has changed', async (at) => {
    const { chip, connect } = await bench();
    const flasher = await connect();
    const first = mixed(0x11000, 300_000);
    await flasher.write([first], {}, deadlineOf(20_000));
    const changed = { ...first, bytes: first.bytes.slice() };
    changed.bytes[at]! ^= 0x01;
    const before = chip.sectorsErased;
    const result = await flasher.write([changed], {}, deadlineOf(20_000));
    expect(result.parts[0]).toMatchObject({ action: 'sectors', sectorsWritten: 1, rewritten: false });
    expect(chip.sectorsErased - before).toBe(1);
    expect(inFlash(chip, changed)).toBe(true);
  });

  it('writes all again when the sectors that differed were not enough', async () => {
    const { chip, connect, events } = await bench();
    const flasher = await connect();
    const first = mixed(0x10000, 100_000);
    await flasher.write([first], {}, deadlineOf(20_000));
    const changed = { ...first, bytes: first.bytes.slice() };
    changed.bytes[50_000]! ^= 0x01;
    // Another place goes bad while the sector is being written.
    chip.onProgram = () => {
      chip.onProgram = undefined;
      chip.flash[0x10000 + 90_000]! ^= 0xff;
    };
    const result = await flasher.write([changed], {}, deadlineOf(20_000));
    expect(result.parts[0]).toMatchObject({ action: 'written', rewritten: true });
    expect(inFlash(chip, changed)).toBe(true);
    expect(events.some((event) => event.name === 'verify-failed')).toBe(true);
  });

  it('reports a flash that does not keep what is written', async () => {
    const { chip, connect } = await bench();
    const flasher = await connect();
    chip.onProgram = (_offset, bytes) => {
      bytes[7] = 0;
    };
    await expect(flasher.write([part(0x10000, 5000, 0x77)], {}, deadlineOf(20_000))).rejects.toMatchObject({
      code: 'ESPRIG_FLASH_VERIFY',
      blame: 'rig',
      hint: expect.stringContaining('supply'),
    });
  });

  it('asks before writing whether all fits, and then touches nothing', async () => {
    const { chip, connect } = await bench({ flashBytes: 0x80000, flashId: 0x1340ef });
    const flasher = await connect();
    await expect(flasher.write([part(0x70000, 0x10001)], {}, deadlineOf(5000))).rejects.toMatchObject({
      code: 'ESPRIG_USAGE_TOO_LARGE',
    });
    expect(chip.log).toEqual([]);
  });
});

describe('reading', () => {
  it('reads any stretch, checked against the digest', async () => {
    const { chip, connect } = await bench();
    chip.flash.set(randomBytes(600_000), 0x1000);
    const seen: FlashProgress[] = [];
    const flasher = await connect({ onProgress: (progress) => seen.push(progress) });
    const bytes = await flasher.read(0x1003, 400_001, deadlineOf(20_000));
    expect(Buffer.from(bytes).equals(chip.flash.subarray(0x1003, 0x1003 + 400_001))).toBe(true);
    expect(seen.at(-1)).toMatchObject({ phase: 'read', doneBytes: 400_001, totalBytes: 400_001 });
  });

  it('says that the ROM alone cannot read', async () => {
    const { connect } = await bench();
    const flasher = await connect({ stub: 'never' });
    await expect(flasher.read(0, 16, deadlineOf(5000))).rejects.toMatchObject({ code: 'ESPRIG_RIG_CANNOT' });
  });

  it('tells progress that never falls and ends at the whole', async () => {
    const { connect } = await bench();
    const seen: FlashProgress[] = [];
    const flasher = await connect({ onProgress: (progress) => seen.push(progress) });
    await flasher.write([mixed(0x10000, 700_000)], {}, deadlineOf(20_000));
    const done = seen.filter((progress) => progress.phase === 'write').map((progress) => progress.doneBytes);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(700_000);
  });
});
