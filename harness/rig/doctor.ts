/** What is wrong on this machine or with a rig, and how to mend it. */
import type { Deadline } from '../core/deadline';
import { toEsprigError, type Blame, type EsprigError } from '../core/errors';
import { findingsOfPorts } from './doctor-ports';
import { REAL_WORLD, type DoctorWorld } from './doctor-world';
import { leaseHolder, describeHolder } from './lease';
import { lockNames } from './lease-rig';
import { openRig } from './open-rig';
import type { RigFile } from './rig-file';
import { firmwareFor } from './rig-firmware';
import { overviewOfRigs, type RigOverview } from './rig-overview';
import { findRig, type RigPlaces } from './select-rigs';

/** `bad` stands in the way, `warn` may. */
export type FindingLevel = 'good' | 'warn' | 'bad';

export interface Finding {
  readonly level: FindingLevel;
  readonly what: string;
  readonly found: string;
  /** What to do; always there unless all is well. */
  readonly remedy?: string | undefined;
  /** Who must act, where it is not whoever looks after the rig. */
  readonly blame?: Blame | undefined;
}

export interface DoctorOptions extends RigPlaces {
  readonly world?: DoctorWorld;
}

/** Looks at the machine: what every rig needs. */
export async function examineMachine(options: DoctorOptions = {}): Promise<readonly Finding[]> {
  const world = options.world ?? REAL_WORLD;
  const rigs = await overviewOfRigs(options);
  const ownRigs = rigs.filter(({ name }) => !isExample(name));
  return [
    nodeFinding(world),
    packageFinding(world),
    ...programFindings(world, new Set(ownRigs.flatMap(({ programs }) => programs))),
    lockFinding(world),
    ...rigs.map(rigFinding),
    ...(await findingsOfPorts(world)),
  ];
}

/** Looks at one rig, up to a board that answers; the board is reset, and flashed with what differs. */
export async function examineRig(
  name: string,
  deadline: Deadline,
  options: DoctorOptions = {},
): Promise<readonly Finding[]> {
  const world = options.world ?? REAL_WORLD;
  let rig: RigFile;
  try {
    rig = findRig(name, options);
  } catch (error) {
    return [badFinding('rig file', toEsprigError(error))];
  }
  const findings: Finding[] = [{ level: 'good', what: 'rig file', found: rig.file }];
  const { description } = rig;
  try {
    const { app, version, name: from } = firmwareFor(description, rig.file, undefined, options.root);
    findings.push({ level: 'good', what: 'firmware', found: `${app} ${version} (${from})` });
  } catch (error) {
    findings.push(badFinding('firmware', toEsprigError(error)));
  }
  if (description.kind === 'serial') {
    findings.push(...(await findingsOfPorts(world, description.serial!.port)));
    findings.push(...(await leaseFindings(rig)));
  }
  // A board is not troubled while something that it needs is known to be missing.
  if (findings.some(({ level }) => level === 'bad')) return findings;
  return [...findings, ...(await boardFindings(rig, deadline))];
}

function nodeFinding({ nodeVersion }: DoctorWorld): Finding {
  const [major = 0, minor = 0, patch = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number);
  const isRight = major === 20 && (minor > 18 || (minor === 18 && patch >= 1));
  const found = `Node.js ${nodeVersion}`;
  if (isRight) return { level: 'good', what: 'Node.js', found };
  return {
    level: 'bad',
    what: 'Node.js',
    found,
    remedy: 'Install Node.js 20, 20.18.1 or later: https://nodejs.org, or nvm install 20.',
  };
}

/** The Debian packages that programs from outside come in. */
const DEBIAN_PACKAGES: Readonly<Record<string, string>> = { flock: 'util-linux', uhubctl: 'uhubctl' };

function packageFinding(world: DoctorWorld): Finding {
  const what = 'npm packages';
  const missing = ['serialport', 'undici', 'eventsource', 'yaml', 'zod'].filter(
    (name) => !world.hasPackage(name),
  );
  if (missing.length === 0) return { level: 'good', what, found: 'all there' };
  return { level: 'bad', what, found: `missing: ${missing.join(', ')}`, remedy: 'Run npm ci.' };
}

function programFindings(world: DoctorWorld, programs: ReadonlySet<string>): readonly Finding[] {
  return [...programs]
    .filter((program) => !world.hasProgram(program))
    .map((program) => ({
      level: 'bad',
      what: program,
      found: 'is not installed, and a rig needs it',
      remedy: `apt-get install ${DEBIAN_PACKAGES[program] ?? program}`,
    }));
}

function lockFinding(world: DoctorWorld): Finding {
  const { folder, isWritable } = world.lockFolder();
  if (isWritable) return { level: 'good', what: 'leases', found: folder };
  return {
    level: 'bad',
    what: 'leases',
    found: `${folder} cannot be written to`,
    remedy: `chmod 1777 ${folder}, or name another folder in ESPRIG_LOCKS for everybody who uses these boards.`,
  };
}

function isExample(name: string): boolean {
  return name.startsWith('example-');
}

function rigFinding({ name, file, kind, problem, firmware, holder }: RigOverview): Finding {
  const what = `rig ${name}`;
  if (kind === undefined) {
    const found = problem ?? 'cannot be read';
    return { level: 'bad', what, found, remedy: `Mend ${file}.`, blame: 'case' };
  }
  // The example names a board that nobody has.
  if (isExample(name)) return { level: 'good', what, found: 'to be copied to rigs/local/' };
  if (problem !== undefined) {
    const remedy =
      kind === 'virtual'
        ? 'Run npm start once: it builds the firmware.'
        : 'Build it, or name another in firmware:.';
    return { level: 'warn', what, found: problem, remedy };
  }
  const taken = holder === undefined ? '' : `; taken by ${describeHolder(holder)}`;
  return { level: 'good', what, found: `${firmware ?? ''}${taken}` };
}

async function leaseFindings({ description }: RigFile): Promise<readonly Finding[]> {
  for (const lock of lockNames(description)) {
    const holder = await leaseHolder(lock);
    if (holder === undefined) continue;
    return [
      {
        level: 'bad',
        what: 'lease',
        found: `taken by ${describeHolder(holder)}`,
        remedy: 'Wait for it, or end that process: its lease ends with it.',
      },
    ];
  }
  return [{ level: 'good', what: 'lease', found: 'free' }];
}

/** What a failure of the opening means for a person with a screwdriver. */
const REMEDIES: Partial<Record<EsprigError['code'], string>> = {
  ESPRIG_ROM_NO_SYNC:
    'Look for power, for RX and TX swapped, and for the reset circuit: DTR to GPIO0 and RTS to EN over two transistors. ' +
    'Without one, write reset: none and hold FLASH while you press RESET.',
  ESPRIG_RIG_WRONG_BOARD:
    'Write its MAC into board.mac if it is the one that you mean; else attach the other one.',
  ESPRIG_RIG_NETWORK_FAILED: 'Join its network (network.join), or write its address into network.address.',
  ESPRIG_FLASH_VERIFY: 'Check the 3.3 V supply, then lower serial.flashBaud.',
};

async function boardFindings(rig: RigFile, deadline: Deadline): Promise<readonly Finding[]> {
  try {
    await using running = await openRig(rig, {
      leaseOwner: 'esprig doctor',
      clock: deadline.clock,
      deadline,
      wait: false,
    });
    const { mac, baseUrl, capabilities, notes } = running;
    return [
      { level: 'good', what: 'board', found: `${mac}, flashed, booted, answers at ${baseUrl}` },
      {
        level: 'good',
        what: 'can',
        found: [...capabilities].join(', ') || 'nothing that cases could ask for',
      },
      ...notes.map((found): Finding => ({
        level: 'warn',
        what: 'line',
        found,
        remedy: 'A shorter cable, or a lower serial.flashBaud.',
      })),
    ];
  } catch (error) {
    return [badFinding('board', toEsprigError(error))];
  }
}

function badFinding(what: string, error: EsprigError): Finding {
  const remedy = [error.hint, REMEDIES[error.code]].filter((text) => text !== undefined).join(' ');
  return {
    level: 'bad',
    what,
    found: error.message,
    remedy: remedy === '' ? 'Run it with ESPRIG_DEBUG=1 to see where this comes from.' : remedy,
    blame: error.blame,
  };
}
