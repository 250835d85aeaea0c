import { beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  capturePcap,
  ipv4,
  Medium,
  Random,
  Station,
  type CapturedFrame,
  type Impairment,
} from '../../../harness/emulator/air';
import { Board } from '../../../harness/emulator/board';
import { SerialText } from '../../../harness/emulator/testkit/serial-text';
import { TICKS_PER_MICRO } from '../../../harness/emulator/time';
import type { Elf } from '../../torture/elf';
import { compilerMissing } from '../../torture/toolchain';
import { wifiEcho, wifiEchoImage } from './wifi-echo';

const noCompiler = compilerMissing();
const whenCompiled = noCompiler === undefined ? describe : describe.skip;
const reason = noCompiler === undefined ? '' : ` (skipped: ${noCompiler})`;

const DEVICE_IP = ipv4('192.168.4.1');
const ECHO_PORT = 7;
const OWN_PORT = 4000;
const LIMIT_MS = 60_000;

whenCompiled(`a program on the bare registers of the WiFi MAC${reason}`, () => {
  let program: Elf;
  beforeAll(() => {
    program = wifiEcho();
  }, LIMIT_MS);

  /** A board that runs the program, and a station that wants to join it. */
  function start(impairments: readonly Impairment[] = []) {
    const board = new Board();
    const serial = new SerialText(board);
    const medium = new Medium({ scheduler: board.queue, random: new Random(5) });
    medium.impairments = impairments;
    board.attachAir(medium);
    const station = new Station({ medium, random: new Random(6), ssid: 'wifi-echo' });
    const frames: CapturedFrame[] = [];
    medium.monitor((frame) => void frames.push(frame));
    const hash = createHash('sha256');
    capturePcap(medium, (bytes) => void hash.update(bytes));
    board.programFlash(0, wifiEchoImage(program));
    station.start();
    board.powerOn();
    const runUntil = (done: () => boolean, seconds: number): void => {
      for (let i = 0; i < seconds * 1000 && !done(); i++) board.runFor(1e6);
      if (!done())
        throw new Error(`not within ${seconds} s: station ${station.state}; console: ${serial.text}`);
    };
    const word = (name: string): number =>
      board.memory.words[board.bus.locate(program.symbols.get(name)!) >> 2]!;
    const echo = (datagrams: readonly Uint8Array[]): Uint8Array[] => {
      const answers: Uint8Array[] = [];
      const stop = station.stack.listenUdp(OWN_PORT, ({ data }) => void answers.push(data.slice()));
      for (const data of datagrams) {
        station.stack.sendUdp({
          ...{ source: station.stack.ip, sourcePort: OWN_PORT },
          ...{ destination: DEVICE_IP, destinationPort: ECHO_PORT, data },
        });
        board.runFor(10e6);
      }
      runUntil(() => answers.length >= datagrams.length, 2);
      stop();
      return answers;
    };
    return { board, serial, medium, station, frames, hash, runUntil, word, echo };
  }

  const datagrams = (sizes: readonly number[]): Uint8Array[] =>
    sizes.map((size, n) => Uint8Array.from({ length: size }, (_, i) => i * 7 + n));

  it(
    'boots, beacons every 102.4 ms and lets a station in',
    () => {
      const { board, frames, station, serial, runUntil, word } = start();
      runUntil(() => station.state === 'ready', 2);
      expect(serial.text).toContain('wifi-echo: a station has come');
      board.runFor(2e9);
      const beacons = frames.filter(({ frame }) => frame[0] === 0x80).map(({ startTicks }) => startTicks);
      expect(beacons.length).toBeGreaterThan(19);
      const meanMicros = (beacons.at(-1)! - beacons[0]!) / (beacons.length - 1) / TICKS_PER_MICRO;
      expect(Math.abs(meanMicros - 102_400)).toBeLessThan(60);
      expect([word('nmi_nested'), word('frames_lost'), word('beacons_sent')]).toEqual([0, 0, beacons.length]);
    },
    LIMIT_MS,
  );

  it(
    'answers echo requests and echoes datagrams of one, two and three receive buffers, byte for byte',
    () => {
      const { board, station, runUntil, echo, word } = start();
      runUntil(() => station.state === 'ready', 2);
      const trips: (number | null)[] = [];
      for (const size of [0, 32, 1400]) {
        station.stack.ping(DEVICE_IP, (ticks) => void trips.push(ticks), size);
        board.runFor(20e6);
      }
      expect(trips).toHaveLength(3);
      for (const ticks of trips) {
        expect(ticks).not.toBeNull();
        expect(ticks! / TICKS_PER_MICRO).toBeLessThan(20_000);
      }
      const sent = datagrams([0, 1, 64, 460, 461, 900, 1472]);
      expect(echo(sent)).toEqual(sent);
      // More frames than the ring has descriptors: it has gone round.
      const many = datagrams(Array.from({ length: 40 }, (_, i) => 30 * i));
      expect(echo(many)).toEqual(many);
      expect([word('nmi_nested'), word('frames_lost'), word('frames_given_up')]).toEqual([0, 0, 0]);
    },
    LIMIT_MS,
  );

  it(
    'repeats what nobody acknowledged until it is through, where every third frame is lost',
    () => {
      const { station, medium, frames, runUntil, echo } = start();
      runUntil(() => station.state === 'ready', 2);
      medium.impairments = [{ loss: 0.33 }];
      const sent = datagrams(Array.from({ length: 20 }, (_, i) => 10 + i));
      expect(echo(sent)).toEqual(sent);
      const fromDevice = frames.filter(({ frame }) => frame[0] === 0x08 && frame[1]! & 2);
      expect(fromDevice.some(({ acked }) => acked === false)).toBe(true);
      expect(fromDevice.some(({ frame }) => (frame[1]! & 0x08) !== 0)).toBe(true);
    },
    LIMIT_MS,
  );

  it(
    'gives a frame up after seven attempts when the station has gone without a word',
    () => {
      const { board, station, runUntil, word } = start();
      runUntil(() => station.state === 'ready', 2);
      station.stack.ping(DEVICE_IP, () => undefined);
      runUntil(() => board.parts.wifi.counts.delivered >= 4, 1);
      station.stop();
      const before = board.parts.wifi.counts.unacknowledged;
      board.runFor(500e6);
      expect(word('frames_given_up')).toBe(1);
      expect(board.parts.wifi.counts.unacknowledged - before).toBe(7);
    },
    LIMIT_MS,
  );

  it(
    'is found again after a reset of the board',
    () => {
      const { board, station, serial, runUntil, echo } = start();
      runUntil(() => station.state === 'ready', 2);
      board.onRadioVanished = () => station.deviceRestarted();
      board.pressReset();
      expect(station.state).toBe('idle');
      runUntil(() => station.state === 'ready', 3);
      expect(serial.text.split('wifi-echo: up')).toHaveLength(3);
      const sent = datagrams([100]);
      expect(echo(sent)).toEqual(sent);
    },
    LIMIT_MS,
  );

  it(
    'runs the same every time: same seed, same capture, byte for byte',
    () => {
      const run = (): string => {
        const { board, station, hash, runUntil } = start([{ loss: 0.1, duplicate: 0.1 }]);
        runUntil(() => station.state === 'ready', 5);
        for (let i = 0; i < 5; i++) station.stack.ping(DEVICE_IP, () => undefined);
        board.runFor(300e6);
        return hash.digest('hex');
      };
      expect(run()).toBe(run());
    },
    LIMIT_MS,
  );

  it(
    'goes on from a snapshot on another board, whose station joins anew',
    () => {
      const first = start();
      first.runUntil(() => first.station.state === 'ready', 2);
      const snapshot = structuredClone(first.board.save());
      const second = start();
      second.board.restore(snapshot);
      second.runUntil(() => second.station.state === 'ready', 3);
      const sent = datagrams([10, 700]);
      expect(second.echo(sent)).toEqual(sent);
    },
    LIMIT_MS,
  );
});
