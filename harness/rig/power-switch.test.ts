import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { RealClock } from '../core/clock';
import { Deadline } from '../core/deadline';
import { powerSwitchOf, type PowerSwitch } from './power-switch';
import type { RigDescription } from './rig-schema';

/** Speaks as uhubctl 2 does. With HUB_IS_STUCK it says yes and switches nothing. */
const FAKE_UHUBCTL = `#!/bin/sh
echo "$*" >> "$HUB_FOLDER/asked"
state="$HUB_FOLDER/state"
[ -f "$state" ] || echo on > "$state"
while [ $# -gt 0 ]; do
  case "$1" in
    -l) hub="$2"; shift ;;
    -p) port="$2"; shift ;;
    -a) [ -n "$HUB_IS_STUCK" ] || echo "$2" > "$state"; shift ;;
  esac
  shift
done
[ "$hub" = 1-1 ] || { echo "No compatible devices detected at location $hub!"; exit 1; }
echo "Current status for hub 1-1 [05e3:0610 GenesysLogic USB2.1 Hub, USB 2.10, 4 ports, ppps]"
if [ "$(cat "$state")" = on ]; then echo "  Port $port: 0103 power enable connect [1a86:7523 USB Serial]"
else echo "  Port $port: 0000 off"; fi
`;

const clock = new RealClock();
let folder: string;
let deadline: Deadline;
const path = process.env['PATH'];

function switchOf(power: unknown): PowerSwitch {
  return powerSwitchOf({ power } as RigDescription)!;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'esprig-hub-'));
  writeFileSync(join(folder, 'uhubctl'), FAKE_UHUBCTL);
  chmodSync(join(folder, 'uhubctl'), 0o755);
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  process.env['HUB_FOLDER'] = folder;
  deadline = new Deadline({ clock, budgetMs: 30_000, phase: 'test', blame: 'rig' });
});

afterEach(() => {
  deadline[Symbol.dispose]();
  process.env['PATH'] = path;
  delete process.env['HUB_FOLDER'];
  delete process.env['HUB_IS_STUCK'];
  rmSync(folder, { recursive: true, force: true });
});

describe('power by a USB hub', () => {
  it('is switched by uhubctl and asked for afterwards', async () => {
    const hub = switchOf({ uhubctl: { hub: '1-1', port: 2 }, offMs: 500 });
    expect(await hub.read(deadline)).toBe('on');
    await hub.set('off', deadline);
    expect(await hub.read(deadline)).toBe('off');
    await hub.set('on', deadline);
    expect(await hub.read(deadline)).toBe('on');
    expect(readFileSync(join(folder, 'asked'), 'utf8').split('\n')).toContain('-l 1-1 -p 2 -a off -r 100');
  });

  it('that is not switched although the hub says so is the rig’s fault', async () => {
    process.env['HUB_IS_STUCK'] = '1';
    const hub = switchOf({ uhubctl: { hub: '1-1', port: 2 }, offMs: 500 });
    await expect(hub.set('off', deadline)).rejects.toMatchObject({
      code: 'ESPRIG_RIG_POWER_FAILED',
      blame: 'rig',
      message: expect.stringContaining('told to be off, and is on'),
    });
  });

  it('of a hub that is not there tells what uhubctl said', async () => {
    const hub = switchOf({ uhubctl: { hub: '2-4', port: 2 }, offMs: 500 });
    await expect(hub.set('off', deadline)).rejects.toMatchObject({
      code: 'ESPRIG_RIG_POWER_FAILED',
      evidence: [{ lines: ['No compatible devices detected at location 2-4!'] }],
    });
  });

  it('without uhubctl tells how to get it', async () => {
    rmSync(join(folder, 'uhubctl'));
    process.env['PATH'] = folder;
    const hub = switchOf({ uhubctl: { hub: '1-1', port: 2 }, offMs: 500 });
    await expect(hub.set('off', deadline)).rejects.toMatchObject({
      code: 'ESPRIG_TOOL_MISSING',
      hint: expect.stringContaining('apt-get install uhubctl'),
    });
  });
});

describe('power by commands', () => {
  it('is believed where nobody can be asked, and confirmed where somebody can', async () => {
    const silent = switchOf({ commands: { on: 'true', off: 'true' }, offMs: 10 });
    await silent.set('off', deadline);
    expect(await silent.read(deadline)).toBeUndefined();
    const asked = switchOf({ commands: { on: 'true', off: 'true', state: 'echo on' }, offMs: 10 });
    await asked.set('on', deadline);
    await expect(asked.set('off', deadline)).rejects.toMatchObject({ code: 'ESPRIG_RIG_POWER_FAILED' });
    const odd = switchOf({ commands: { on: 'true', off: 'true', state: 'echo perhaps' }, offMs: 10 });
    await expect(odd.set('on', deadline)).rejects.toThrow(/neither on nor off/);
  });

  it('that fail say with what and what they printed', async () => {
    const relay = switchOf({ commands: { on: 'echo relay 3 is hot >&2; exit 7', off: 'true' }, offMs: 10 });
    await expect(relay.set('on', deadline)).rejects.toMatchObject({
      message: expect.stringContaining('ended with 7'),
      evidence: [{ lines: ['relay 3 is hot'] }],
    });
  });

  it('that hang are ended with everything that they started', async () => {
    const mark = join(folder, 'late');
    const relay = switchOf({ commands: { on: `(sleep 1; touch ${mark}) & wait`, off: 'true' }, offMs: 10 });
    using short = deadline.sub({ phase: 'short', budgetMs: 200 });
    await expect(relay.set('on', short)).rejects.toMatchObject({ code: 'ESPRIG_DEADLINE' });
    await deadline.sleep(1_500, 'what must not happen');
    expect(() => readFileSync(mark)).toThrow(/ENOENT/);
  });

  it('may cycle in one', async () => {
    const mark = join(folder, 'cycled');
    const relay = switchOf({ commands: { on: 'true', off: 'true', cycle: `touch ${mark}` }, offMs: 10 });
    await relay.cycle!(deadline);
    expect(readFileSync(mark, 'utf8')).toBe('');
  });

  it('are not there where the file says none', () => {
    expect(powerSwitchOf({ power: 'none' } as RigDescription)).toBeUndefined();
    expect(powerSwitchOf({} as RigDescription)).toBeUndefined();
  });
});
