import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../core/clock';
import { EventBus } from '../core/events';
import { finishRun } from '../report/finish-run';
import { createRunFolder, PARTS_FOLDER, type RunHandle } from '../report/run-folder';
import { packetRecord, tcpFrame } from '../report/testkit/air-packets';
import { readPcap } from '../report/testkit/read-pcap';
import { AIR_CAPTURED } from '../rig/running-rig';
import { RigRecorder } from './rig-recorder';
import { RunLog } from './run-log';

const START_MS = Date.UTC(2026, 10, 22, 20, 15, 28);
const TOKEN = 'open-sesame-4711';

let reports: string;
let run: RunHandle;
let log: RunLog;
let bus: EventBus;
beforeEach(() => {
  reports = mkdtempSync(join(tmpdir(), 'esprig-rig-air-'));
  run = createRunFolder({
    ...{ reportsFolder: reports, rigNames: ['r'], command: 'test', startedAtWallMs: START_MS },
  });
  const clock = new ManualClock(0, START_MS);
  log = new RunLog(clock, run);
  bus = new EventBus(clock);
});
afterEach(() => rmSync(reports, { recursive: true, force: true }));

const tell = (payload: string, atMs: number): void =>
  bus.emit('rig', AIR_CAPTURED, {
    records: new Uint8Array(packetRecord({ wallMs: START_MS + atMs, frame: tcpFrame({ payload }) })),
  });

describe('what a rig says on the air', () => {
  test('waits until its secrets are known, and is in the report then, without them', async () => {
    const air = new RigRecorder('r', bus, log);
    tell(`GET /?key=${TOKEN} HTTP/1.1`, 10);
    expect(readdirSync(join(run.folder, PARTS_FOLDER)).filter((name) => name.endsWith('.packets'))).toEqual(
      [],
    );
    log.write((writer) => writer.addSecrets([TOKEN]));
    air.release();
    tell(`GET /?key=${TOKEN}&more HTTP/1.1`, 20);
    air[Symbol.dispose]();
    tell('nobody listens any more', 30);
    log.close();
    const { record } = await finishRun({ run });
    expect(record.captures).toMatchObject([{ file: 'air.pcap', rig: 'r', packets: 2, fromMs: 10, toMs: 20 }]);
    const texts = readPcap(readFileSync(join(run.folder, 'air.pcap'))).map(({ bytes }) =>
      bytes.toString('latin1'),
    );
    expect(texts[0]).toContain(`key=${'*'.repeat(TOKEN.length)} HTTP`);
    expect(texts[1]).toContain(`key=${'*'.repeat(TOKEN.length)}&more`);
  });

  test('of a rig that never opens is kept, for that is when it is wanted most', async () => {
    new RigRecorder('r', bus, log)[Symbol.dispose]();
    const air = new RigRecorder('r', bus, log);
    tell('beacon', 5);
    air[Symbol.dispose]();
    log.close();
    const { record } = await finishRun({ run });
    expect(record.captures).toMatchObject([{ packets: 1 }]);
  });

  test('that is nothing of the kind is passed over', () => {
    const air = new RigRecorder('r', bus, log);
    bus.emit('rig', AIR_CAPTURED, { records: 'text' });
    air[Symbol.dispose]();
    expect(bus.failures).toBe(0);
  });
});
