import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { LineStates, LinkClosed, SerialLink } from './port';

/** The other end of the cable, as a contract test drives it. */
export interface FarEnd {
  send(bytes: Uint8Array): void;
  /** Everything that has come over so far. */
  received(): Uint8Array;
  /** Each state of the lines that was seen, oldest first. Absent where the link carries no lines. */
  lines?(): readonly LineStates[];
  /** The rate the far end was told. Absent where it cannot know. */
  baud?(): number | undefined;
  /** Makes the far end vanish. */
  unplug(): void;
}

export interface ContractSetup {
  readonly link: SerialLink;
  readonly far: FarEnd;
  /** Another link to the same far end, for the question who may have it. Absent where that cannot be asked. */
  readonly secondLink?: () => SerialLink;
  dispose(): Promise<void>;
}

export interface LinkTraits {
  /** A second opener is refused; then `secondLink` must be there. */
  readonly exclusive: boolean;
}

const WAIT_MS = 3000;

/** What every kind of serial link must do. `setUp` makes a link that is not open yet. */
export function serialLinkContract(
  name: string,
  traits: LinkTraits,
  setUp: () => Promise<ContractSetup>,
): void {
  describe(`${name} as a serial link`, () => {
    let current: ContractSetup | undefined;

    async function opened(): Promise<ContractSetup> {
      current = await setUp();
      await current.link.open();
      return current;
    }

    afterEach(async () => {
      await current?.link.close();
      await current?.dispose();
      current = undefined;
    });

    it('is closed before it is opened and refuses to write', async () => {
      current = await setUp();
      expect(current.link.isOpen).toBe(false);
      await expect(current.link.write(Uint8Array.of(1))).rejects.toMatchObject({
        code: 'ESPRIG_PORT_CLOSED',
      });
    });

    it('opens with both lines released', async () => {
      const { link, far } = await opened();
      expect(link.isOpen).toBe(true);
      expect(link.lines).toEqual({ dtr: false, rts: false });
      if (far.lines !== undefined) {
        await until(() => far.lines!().length > 0);
        expect(far.lines().at(-1)).toEqual({ dtr: false, rts: false });
      }
    });

    it('carries every byte value both ways, in order', async () => {
      const { link, far } = await opened();
      const all = Uint8Array.from({ length: 768 }, (_, i) => (i * 7) & 0xff);
      const got = collect(link);
      await link.write(all);
      far.send(all);
      await until(() => got().length >= all.length && far.received().length >= all.length);
      expect(Buffer.from(got()).equals(all)).toBe(true);
      expect(Buffer.from(far.received()).equals(all)).toBe(true);
    });

    it('carries 256 KiB without losing a byte', async () => {
      const { link, far } = await opened();
      const data = new Uint8Array(randomBytes(256 * 1024));
      for (let at = 0; at < data.length; at += 10_000) await link.write(data.subarray(at, at + 10_000));
      await until(() => far.received().length >= data.length);
      expect(Buffer.from(far.received()).equals(data)).toBe(true);
    });

    it('lets the writer reuse its buffer as soon as the write is done', async () => {
      const { link, far } = await opened();
      const buffer = Uint8Array.of(1, 2, 3);
      await link.write(buffer);
      buffer.fill(9);
      await until(() => far.received().length >= 3);
      expect([...far.received()]).toEqual([1, 2, 3]);
    });

    it('stamps what it receives with a time that never falls', async () => {
      const { link, far } = await opened();
      const times: number[] = [];
      const beforeMs = performance.now();
      link.onData((chunk) => times.push(chunk.atMs));
      for (let i = 0; i < 5; i++) {
        far.send(Uint8Array.of(i));
        await until(() => times.length > i);
      }
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times[0]).toBeGreaterThanOrEqual(beforeMs);
      expect(times.at(-1)).toBeLessThanOrEqual(performance.now());
    });

    it('stops telling a listener that has left', async () => {
      const { link, far } = await opened();
      let count = 0;
      const leave = link.onData(() => count++);
      leave();
      const got = collect(link);
      far.send(Uint8Array.of(1));
      await until(() => got().length === 1);
      expect(count).toBe(0);
    });

    it('changes the rate and goes on working', async () => {
      const { link, far } = await opened();
      for (const baud of [74880, 460800, 115200]) {
        await link.setBaud(baud);
        expect(link.baud).toBe(baud);
        if (far.baud !== undefined) expect(far.baud()).toBe(baud);
      }
      await link.write(Uint8Array.of(0x55));
      await until(() => far.received().length === 1);
    });

    it('sets both lines, and never resets on the way when both change alike', async () => {
      const { link, far } = await opened();
      if (far.lines === undefined) {
        expect(link.hasLines).toBe(false);
        await expect(link.setLines({ dtr: true, rts: false })).rejects.toMatchObject({
          code: 'ESPRIG_PORT_NO_LINES',
        });
        return;
      }
      expect(link.hasLines).toBe(true);
      const lines = far.lines.bind(far);
      await until(() => lines().length > 0);
      const states = [
        { dtr: true, rts: true },
        { dtr: false, rts: false },
      ];
      const from = lines().length;
      for (const state of states) {
        await link.setLines(state);
        await until(() => same(lines().at(-1), state));
      }
      expect(lines().slice(from)).not.toContainEqual({ dtr: false, rts: true });
      for (const state of [
        { dtr: false, rts: true },
        { dtr: true, rts: false },
        { dtr: false, rts: false },
      ]) {
        await link.setLines(state);
        await until(() => same(lines().at(-1), state));
        expect(link.lines).toEqual(state);
      }
    });

    it('purges, drains and still works', async () => {
      const { link, far } = await opened();
      await link.write(Uint8Array.of(1, 2, 3));
      await link.drain();
      await until(() => far.received().length === 3);
      await link.purge();
      await link.write(Uint8Array.of(4));
      await until(() => far.received().length === 4);
    });

    it('says once that it was closed, and refuses to work from then on', async () => {
      const { link } = await opened();
      const closed: LinkClosed[] = [];
      link.onClose((event) => closed.push(event));
      await link.close();
      await link.close();
      expect(closed.map((event) => event.reason)).toEqual(['closed']);
      expect(link.isOpen).toBe(false);
      await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'ESPRIG_PORT_CLOSED' });
      await expect(link.setBaud(9600)).rejects.toMatchObject({ code: 'ESPRIG_PORT_CLOSED' });
      await expect(link.open()).rejects.toMatchObject({ code: 'ESPRIG_PORT_REOPENED' });
    });

    it('tells a listener that comes late why it is closed', async () => {
      const { link } = await opened();
      await link.close();
      const closed: LinkClosed[] = [];
      link.onClose((event) => closed.push(event));
      expect(closed).toHaveLength(1);
    });

    it('says that the far end went away, and ends what is under way', async () => {
      const { link, far } = await opened();
      const closed: LinkClosed[] = [];
      link.onClose((event) => closed.push(event));
      far.unplug();
      await until(
        () => closed.length > 0,
        () => link.write(Uint8Array.of(0)).catch(() => undefined),
      );
      expect(closed.map((event) => event.reason)).toEqual(['unplugged']);
      await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'ESPRIG_PORT_UNPLUGGED' });
    });

    const oneAtATime = traits.exclusive ? it : it.skip;
    oneAtATime('gives the port to one at a time', async () => {
      const { secondLink } = await opened();
      const second = secondLink!();
      await expect(second.open()).rejects.toMatchObject({ code: 'ESPRIG_PORT_BUSY' });
      expect(second.isOpen).toBe(false);
    });
  });
}

/** Gathers what a link delivers. */
export function collect(link: SerialLink): () => Uint8Array {
  const parts: Uint8Array[] = [];
  link.onData((chunk) => parts.push(chunk.bytes.slice()));
  return () => new Uint8Array(Buffer.concat(parts));
}

/** Waits until a condition holds; fails the test with its text when it does not in time. */
export async function until(condition: () => boolean, poke?: () => unknown): Promise<void> {
  const endMs = performance.now() + WAIT_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${WAIT_MS} ms: ${condition.toString()}`);
    await poke?.();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function same(a: LineStates | undefined, b: LineStates): boolean {
  return a?.dtr === b.dtr && a.rts === b.rts;
}
