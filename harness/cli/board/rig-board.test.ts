import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { esprigProcess, mistakeOf, valuesOf } from '../testkit/run-process';
import { airOptions } from './air-flags';
import { boardConfig, flashContents, type BoardFlags } from './board-options';
import { rigBoard } from './rig-board';

jest.setTimeout(120_000);

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-rig-board-'));
  file = join(folder, 'lab-board.yaml');
  writeFileSync(
    file,
    `name: lab-board
kind: virtual
board: { mac: "5c:cf:7f:00:00:07", flash: 1MB, layout: one-mb }
wifi: { ssid: lab, passphraseEnv: LAB_PSK }
dut: { port: 8080 }
virtual: { seed: 7, flashTiming: silicon }
`,
  );
  process.env['LAB_PSK'] = 'mypassword';
});
afterAll(() => {
  delete process.env['LAB_PSK'];
  rmSync(folder, { recursive: true, force: true });
});

const NOTHING: BoardFlags = { image: [] };
const NO_AIR = { forward: [], allow: [] };

describe('esprig board --rig', () => {
  it('is the board of the rig, with what the rig is shipped with in its flash', async () => {
    const rig = (await rigBoard({ ...NOTHING, rig: file }))!;
    expect(boardConfig(NOTHING, rig.config)).toEqual({
      ...{ flashSizeBytes: 0x100000, seed: 7, flashTiming: 'silicon', lenient: false },
      mac: [0x5c, 0xcf, 0x7f, 0, 0, 7],
    });
    expect(airOptions(NO_AIR, rig.air)).toEqual({
      ...{ peer: 'access-point', ssid: 'lab', passphrase: 'mypassword', seed: 7 },
      forwards: [{ hostPort: 0, devicePort: 8080 }],
    });
    const contents = flashContents(NOTHING, 0x100000, rig.contents);
    expect(contents.map(({ offset }) => offset)).toEqual(
      expect.arrayContaining([0, 0x8000, 0x9000, 0x10000]),
    );
    const settings = contents.find(({ offset }) => offset === 0x9000)!;
    expect(Buffer.from(settings.bytes).toString('latin1')).toContain('mypassword');
  });

  it('is changed by the other options', async () => {
    const rig = (await rigBoard({ ...NOTHING, rig: file }))!;
    const flags: BoardFlags = { ...NOTHING, seed: 3, mac: '5c:cf:7f:00:00:09', flashSize: '2MB' };
    expect(boardConfig(flags, rig.config)).toMatchObject({
      ...{ flashSizeBytes: 0x200000, seed: 3, flashTiming: 'silicon' },
      mac: [0x5c, 0xcf, 0x7f, 0, 0, 9],
    });
    expect(airOptions({ ...NO_AIR, forward: ['8080:80'], seed: 3 }, rig.air)).toMatchObject({
      ...{ peer: 'access-point', ssid: 'lab', seed: 3 },
      forwards: [{ hostPort: 8080, devicePort: 80 }],
    });
    const dump = join(folder, 'dump.bin');
    writeFileSync(dump, new Uint8Array(16));
    const contents = flashContents({ ...NOTHING, flash: dump }, 0x100000, rig.contents);
    expect(contents.map((part) => part.file)).toEqual([dump]);
  });

  it('has no forward that would be waited for where no app is to start', async () => {
    expect((await rigBoard({ ...NOTHING, rig: file, download: true }))!.air.forwards).toEqual([]);
  });

  it('boots, and its server is reached', async () => {
    const ended = await esprigProcess([
      ...['board', '--rig', 'virtual-1mb', '--json', '--until', 'server started', '--timeout', '60'],
    ]);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(valuesOf(ended).at(-1)).toMatchObject({ event: 'end', why: 'until' });
  });

  it('is no board on a bench, and takes no firmware without a rig', async () => {
    const desk = join(folder, 'desk.yaml');
    writeFileSync(
      desk,
      `name: desk
kind: serial
board: { mac: "5c:cf:7f:00:00:08", flash: 1MB, layout: one-mb }
serial: { port: /dev/null }
`,
    );
    expect(mistakeOf(await esprigProcess(['board', '--rig', desk]))).toEqual([2, 'ESPRIG_RIG_KIND']);
    expect(mistakeOf(await esprigProcess(['board', '--firmware', folder]))).toEqual([2, 'ESPRIG_USAGE']);
  });
});
