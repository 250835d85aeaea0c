import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineMachine, examineRig, type Finding } from './doctor';
import type { DoctorWorld } from './doctor-world';
import { openRig } from './open-rig';
import { findRig } from './select-rigs';
import { Bench } from './testkit/bench';

jest.setTimeout(240_000);

/** A machine where all is well. */
const WELL: DoctorWorld = {
  nodeVersion: 'v20.20.2',
  user: 'jo',
  hasPackage: () => true,
  hasProgram: () => true,
  lockFolder: () => ({ folder: '/run/lock/esprig', isWritable: true }),
  listPorts: () => Promise.resolve([{ path: '/dev/ttyUSB0', about: '' }]),
  access: () => 'allowed',
  holdersOf: () => [],
  programsRunning: () => ['init', 'bash'],
};

const folders: string[] = [];

function projectWith(rigs: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'esprig-doctor-'));
  folders.push(root);
  mkdirSync(join(root, 'rigs', 'local'), { recursive: true });
  for (const [name, text] of Object.entries(rigs)) writeFileSync(join(root, 'rigs', `${name}.yaml`), text);
  return root;
}

const HUB_RIG = `name: desk
kind: serial
board: { mac: "5c:cf:7f:01:23:45", flash: 1MB, layout: one-mb }
serial: { port: /dev/ttyUSB0 }
power: { uhubctl: { hub: "1-1", port: 2 } }
`;

async function troubles(
  world: Partial<DoctorWorld>,
  rigs: Readonly<Record<string, string>> = {},
): Promise<readonly Finding[]> {
  const findings = await examineMachine({ world: { ...WELL, ...world }, root: projectWith(rigs) });
  return findings.filter(({ level }) => level !== 'good');
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the doctor, looking at a machine', () => {
  it('finds nothing where all is well', async () => {
    expect(await troubles({})).toEqual([]);
  });

  it.each([
    ['an old Node.js', { nodeVersion: 'v18.19.0' }, 'Node.js', /Install Node\.js 20/],
    ['a Node.js just too old', { nodeVersion: 'v20.18.0' }, 'Node.js', /20\.18\.1/],
    ['missing packages', { hasPackage: (name: string) => name !== 'zod' }, 'npm packages', /npm ci/],
    [
      'a lock folder of somebody else',
      { lockFolder: () => ({ folder: '/l', isWritable: false }) },
      'leases',
      /chmod 1777 \/l/,
    ],
    [
      'a port that may not be opened',
      { access: () => 'denied' as const },
      'port /dev/ttyUSB0',
      /usermod -aG dialout jo/,
    ],
    [
      'a port that somebody has',
      { holdersOf: () => [{ pid: 4711, command: 'picocom' }] },
      'port /dev/ttyUSB0',
      /kill 4711/,
    ],
    ['ModemManager', { programsRunning: () => ['ModemManager'] }, 'ModemManager', /systemctl disable/],
    ['brltty', { programsRunning: () => ['brltty'] }, 'brltty', /purge brltty/],
  ])('tells how to mend %s', async (_what, world, what, remedy) => {
    const found = await troubles(world);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ what, remedy: expect.stringMatching(remedy) });
  });

  it('asks for uhubctl only where a rig needs it', async () => {
    const world = { hasProgram: (name: string) => name !== 'uhubctl' };
    expect(await troubles(world)).toEqual([]);
    expect(await troubles(world, { desk: HUB_RIG })).toContainEqual(
      expect.objectContaining({ what: 'uhubctl', level: 'bad', remedy: 'apt-get install uhubctl' }),
    );
  });

  it('finds rig files that make no sense, and firmware that is not built', async () => {
    const found = await troubles(
      {},
      { desk: HUB_RIG.replace('port: 2', 'prot: 2'), desk2: HUB_RIG.replace('desk', 'desk2') },
    );
    expect(found).toEqual([
      expect.objectContaining({
        what: 'rig desk',
        level: 'bad',
        blame: 'case',
        found: expect.stringMatching(/desk\.yaml:5:33: .*write port:/),
      }),
      expect.objectContaining({
        what: 'rig desk2',
        level: 'warn',
        remedy: expect.stringContaining('firmware:'),
      }),
    ]);
  });
});

describe('the doctor, looking at a rig', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start();
    process.env['ESPRIG_LOCKS'] = bench.folder;
  });

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
    delete process.env['ESPRIG_LOCKS'];
  });

  it('goes up to a board that answers', async () => {
    using limit = bench.deadline();
    const found = await examineRig(bench.usualRig(), limit, { world: WELL });
    expect(found.map(({ level, what }) => `${level} ${what}`)).toEqual([
      'good rig file',
      'good firmware',
      'good port',
      'good lease',
      'good board',
      'good can',
    ]);
  });

  it('says what to look at when DTR and RTS do not reset the board', async () => {
    using limit = bench.deadline();
    const file = bench.usualRig('bench-9', ['reset: direct']);
    const bad = (await examineRig(file, limit, { world: WELL })).filter(({ level }) => level === 'bad');
    expect(bad).toEqual([
      expect.objectContaining({
        what: 'board',
        blame: 'rig',
        remedy: expect.stringContaining('DTR to GPIO0 and RTS to EN'),
      }),
    ]);
  });

  it('leaves a board alone that somebody has', async () => {
    using limit = bench.deadline();
    const { clock } = bench;
    const file = bench.usualRig();
    await using rig = await openRig(findRig(file), { leaseOwner: 'a long run', clock, deadline: limit });
    const bad = (await examineRig(file, limit, { world: WELL })).filter(({ level }) => level === 'bad');
    expect(bad).toEqual([
      expect.objectContaining({
        what: 'lease',
        found: expect.stringContaining('for a long run'),
        remedy: expect.stringContaining('end that process'),
      }),
    ]);
    expect((await fetch(`${rig.baseUrl}/status`)).status).toBe(200);
  });

  it('tells of a port that is not there, of one that is denied, and of a rig that is not', async () => {
    using limit = bench.deadline();
    const file = bench.rigFile('desk', [
      'board: { mac: "5c:cf:7f:01:23:45", flash: 1MB, layout: one-mb }',
      'serial: { port: /dev/ttyUSB7 }',
    ]);
    const worst = async (world: Partial<DoctorWorld>): Promise<Finding | undefined> =>
      (await examineRig(file, limit, { world: { ...WELL, ...world } })).find(({ level }) => level === 'bad');
    expect(await worst({ access: () => undefined })).toMatchObject({
      found: 'is not there',
      remedy: expect.stringContaining('/dev/ttyUSB0'),
    });
    expect(await worst({ access: () => 'denied' })).toMatchObject({
      remedy: expect.stringContaining('dialout'),
    });
    const [nobody] = await examineRig('nobody', limit, { world: WELL });
    expect(nobody).toMatchObject({ level: 'bad', what: 'rig file', blame: 'case' });
  });
});
