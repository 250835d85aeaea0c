import { beforeAll, describe, expect, it } from '@jest/globals';
import { ipv4, parseMac, Random, Station, type StationOptions } from '../../harness/emulator/air';
import { readFirmware } from './testkit/app-board';
import { buildForTests, runtimeMissing } from './testkit/app-build';
import { AppInside } from './testkit/app-inside';

/** The soft-AP among several stations, good and bad ones; in virtual time. */
const missing = runtimeMissing();
const BUILD_LIMIT_MS = 240_000;
const LIMIT_MS = 120_000;
const FC0_BEACON = 0x80;
const TICKS_TOLERANCE_MICROS = 200;

(missing === undefined ? describe : describe.skip)(
  `the WiFi driver of the open runtime${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeAll(() => buildForTests(['one-mb']), BUILD_LIMIT_MS);

    const states: string[] = [];
    const start = (): AppInside => {
      states.length = 0;
      const app = new AppInside(readFirmware('one-mb'));
      app.until(() => app.console.includes('server started'), 'server started', 1_000);
      return app;
    };
    /** One more station, its address ending in `n`. */
    const join = (app: AppInside, n: number, options: Partial<StationOptions> = {}): Station => {
      const station = new Station({
        medium: app.medium,
        random: new Random(n),
        mac: parseMac(`02:11:22:33:44:0${n}`),
        ip: ipv4(`192.168.4.5${n}`),
        onState: (state, event, detail) => states.push(`${n} ${state} ${event} ${detail}`),
        ...options,
      });
      station.start();
      return station;
    };
    const ping = (app: AppInside, from: Station, to: string): boolean => {
      let isAnswered = false;
      from.stack.ping(ipv4(to), (ticks) => (isAnswered = ticks !== null));
      app.board.runFor(500e6);
      return isAnswered;
    };

    it(
      'sends a beacon every 102.4 ms',
      () => {
        const app = start();
        const atMicros: number[] = [];
        app.medium.monitor(({ frame }) => {
          if (frame[0] === FC0_BEACON) atMicros.push(app.board.nowNanos / 1e3);
        });
        app.board.runFor(10e9);
        const meanMicros = (atMicros.at(-1)! - atMicros[0]!) / (atMicros.length - 1);
        expect(atMicros.length).toBeGreaterThan(90);
        expect(Math.abs(meanMicros - 102_400)).toBeLessThan(TICKS_TOLERANCE_MICROS);
      },
      LIMIT_MS,
    );

    it(
      'lets four stations in, refuses a fifth until one has left, and carries packets between them',
      () => {
        const app = start();
        const stations = [1, 2, 3].map((n) => join(app, n));
        app.until(() => stations.every(({ state }) => state === 'ready'), 'three more stations', 3_000);
        for (const aid of [1, 2, 3, 4]) expect(app.console).toContain(`join, AID=${aid}`);
        expect(stations.map((station) => ping(app, station, '192.168.4.1'))).toEqual([true, true, true]);
        // The device's answers come from its own address; this one is the other station's.
        expect(ping(app, stations[0]!, '192.168.4.52')).toBe(true);

        const fifth = join(app, 5);
        app.board.runFor(1e9);
        expect(states).toContain('5 idle rejected 17');
        stations[2]!.rejoin();
        stations[2]!.stop();
        app.until(() => fifth.state === 'ready', 'the fifth station', 5_000);
        expect(ping(app, fifth, '192.168.4.1')).toBe(true);
      },
      LIMIT_MS,
    );

    it(
      'gives addresses to those who ask, none that another has taken, and the same one to who comes back',
      () => {
        const app = start();
        const [a, b] = [join(app, 1, { dhcp: true }), join(app, 2, { dhcp: true })];
        app.until(() => a.state === 'ready' && b.state === 'ready', 'two leases', 5_000);
        const before = [a.stack.ip, b.stack.ip];
        // 192.168.4.2 is that of the station that did not ask.
        expect(new Set(before)).toEqual(new Set([ipv4('192.168.4.3'), ipv4('192.168.4.4')]));
        b.rejoin();
        app.until(() => b.state === 'ready', 'the second again', 5_000);
        expect([a.stack.ip, b.stack.ip]).toEqual(before);
      },
      LIMIT_MS,
    );

    it(
      'sends a station away that has been silent for five minutes and does not answer, and keeps one that does',
      () => {
        const app = start();
        const gone = join(app, 1);
        app.until(() => gone.state === 'ready', 'the station', 3_000);
        gone.stop();
        app.board.runFor(305e9);
        expect(app.console).not.toContain('02:11:22:33:44:01 leave');
        app.until(() => app.console.includes('02:11:22:33:44:01 leave'), 'the silent one sent away', 20_000);
        expect(app.console).not.toContain('02:11:22:33:44:55 leave');
        expect(app.station.state).toBe('ready');
      },
      LIMIT_MS,
    );

    it(
      'goes on where frames come twice, late and in another order, and the update is what was sent',
      () => {
        const app = start();
        app.medium.impairments = [
          { loss: 0.05, ackLoss: 0.05, duplicate: 0.1, delay: 0.1, maxDelayMicros: 5_000, swallow: 0.02 },
        ];
        const { images } = readFirmware('one-mb');
        const { answer } = app.upload(images.ota_1, 60_000);
        expect(JSON.parse(answer.body)).toEqual({ slot: 'ota_1', bytes: images.ota_1.length });
        const written = app.board.memory.flash.slice(0x80000, 0x80000 + images.ota_1.length);
        expect(Buffer.from(written).equals(Buffer.from(images.ota_1))).toBe(true);
      },
      LIMIT_MS,
    );
  },
);
