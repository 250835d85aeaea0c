/** What a schema cannot say: keys of a rig file that contradict each other. */
import { layoutByName } from '../protocol/layouts';
import type { RigProblem } from './rig-problems';
import { FLASH_SIZES, type RigDescription } from './rig-schema';
import type { Capability } from './running-rig';

/** What a rig as described is able to do. */
export function abilitiesOf(rig: RigDescription): readonly Capability[] {
  const hasToken = rig.dut?.tokenEnv !== undefined;
  const firmware: readonly Capability[] = [
    ...(hasToken ? (['token'] as const) : []),
    ...(takesCommands(rig) ? (['console-commands'] as const) : []),
  ];
  if (rig.kind === 'virtual') {
    const pcap: readonly Capability[] = rig.virtual?.pcap === false ? [] : ['pcap'];
    return [
      ...([
        'reset',
        'power-cut',
        'power-cut-at-operation',
        'snapshot',
        'read-flash-live',
        'spoil-flash',
        'impair-air',
        'sleeping-client',
      ] as const),
      ...pcap,
      ...firmware,
    ];
  }
  const reset: readonly Capability[] = rig.reset === 'none' ? [] : ['reset'];
  const power: readonly Capability[] = switchesPower(rig) ? ['power-cut'] : [];
  return [...reset, ...power, ...firmware];
}

/** As the file says. Where it says nothing: the firmware that is built for emulated boards does, of another's we know nothing. */
function takesCommands({ kind, firmware, dut }: RigDescription): boolean {
  const isOurs = kind === 'virtual' && firmware === undefined && (dut?.profile ?? 'contract') === 'contract';
  return dut?.console ?? isOurs;
}

function switchesPower({ power }: RigDescription): boolean {
  return typeof power === 'object' && (power.uhubctl !== undefined || power.commands !== undefined);
}

/** Contradictions, in the order of the file's keys. */
export function contradictionsIn(rig: RigDescription, fileName: string): readonly RigProblem[] {
  return [
    ...nameProblems(rig, fileName),
    ...kindProblems(rig),
    ...boardProblems(rig),
    ...powerProblems(rig),
    ...networkProblems(rig),
    ...canProblems(rig),
  ];
}

function nameProblems({ name }: RigDescription, fileName: string): readonly RigProblem[] {
  if (name === fileName) return [];
  return [
    {
      path: ['name'],
      text: `name is '${name}', and the file is ${fileName}.yaml`,
      remedy: `write name: ${fileName}, or call the file ${name}.yaml`,
    },
  ];
}

const SERIAL_ONLY = ['serial', 'reset', 'power', 'network'] as const;

function kindProblems(rig: RigDescription): readonly RigProblem[] {
  if (rig.kind === 'virtual') {
    return SERIAL_ONLY.filter((key) => rig[key] !== undefined).map((key) => ({
      path: [key],
      atKey: true,
      text: `a virtual rig has no ${key}:, its board has its own`,
      remedy: `take ${key}: away, or write kind: serial`,
    }));
  }
  const problems: RigProblem[] = [];
  if (rig.virtual !== undefined) {
    problems.push({
      path: ['virtual'],
      atKey: true,
      text: 'a serial rig has no virtual: section',
      remedy: 'take virtual: away, or write kind: virtual',
    });
  }
  if (rig.serial === undefined) {
    problems.push({
      path: ['serial'],
      text: 'a serial rig needs to say how it is wired',
      remedy: 'write serial: { port: /dev/serial/by-id/usb-… }',
    });
  }
  if (rig.board.mac === undefined) {
    problems.push({
      path: ['board', 'mac'],
      text: 'board.mac is missing: a board is known by its MAC, not by its port',
      remedy: 'write mac: and what `npx esprig chip --port PORT` tells',
    });
  }
  return problems;
}

function boardProblems({ board }: RigDescription): readonly RigProblem[] {
  const layout = layoutByName(board.layout);
  if (layout.flashBytes <= FLASH_SIZES[board.flash]) return [];
  return [
    {
      path: ['board', 'flash'],
      text: `layout ${layout.name} ends at 0x${layout.flashBytes.toString(16)}, behind a flash of ${board.flash}`,
      remedy: `write flash: ${layout.flashBytes / 0x100000}MB, or a smaller layout`,
    },
  ];
}

function powerProblems({ power }: RigDescription): readonly RigProblem[] {
  if (typeof power !== 'object') return [];
  if (power.uhubctl !== undefined && power.commands !== undefined) {
    return [
      {
        path: ['power'],
        text: 'power: names two switches',
        remedy: 'keep uhubctl: or commands:, whichever the board hangs on',
      },
    ];
  }
  if (power.uhubctl !== undefined || power.commands !== undefined) return [];
  return [
    {
      path: ['power'],
      text: 'power: names nothing that switches',
      remedy: 'write power: { uhubctl: { hub: "1-1", port: 2 } }, or power: none',
    },
  ];
}

function networkProblems({ network }: RigDescription): readonly RigProblem[] {
  if (network === undefined) return [];
  const fromLog = network.address === 'from-log';
  const misplaced = (['pattern', 'port'] as const).filter((key) => !fromLog && network[key] !== undefined);
  const problems: RigProblem[] = misplaced.map((key) => ({
    path: ['network', key],
    atKey: true,
    text: `network.${key} means something with address: from-log only`,
    remedy: key === 'port' ? `write address: ${network.address}:${String(network.port)}` : 'take it away',
  }));
  if (fromLog && network.pattern !== undefined) {
    const why = patternProblem(network.pattern);
    if (why !== undefined) {
      problems.push({
        path: ['network', 'pattern'],
        text: `network.pattern is '${network.pattern}', ${why}`,
        remedy: "write pattern: 'got ip: ?([0-9.]+)', with the address in the first parentheses",
      });
    }
  }
  return problems;
}

function patternProblem(pattern: string): string | undefined {
  try {
    // An alternative that is always found tells how many groups there are.
    const groups = new RegExp(`${pattern}|`).exec('')!.length - 1;
    return groups === 0 ? 'which has no group for the address' : undefined;
  } catch (error) {
    return `which is no regular expression: ${(error as Error).message}`;
  }
}

const NEEDED_FOR: Partial<Record<Capability, string>> = {
  'power-cut': 'write power: { uhubctl: … } or power: { commands: … }, or take it away',
  reset: 'write reset: nodemcu, or take it away',
  token: 'write dut: { tokenEnv: NAME }, or take it away',
  'console-commands': 'write dut: { console: true } if the firmware takes them, or take it away',
  pcap: 'write virtual: { pcap: true }, or take it away',
};

function canProblems(rig: RigDescription): readonly RigProblem[] {
  const able = abilitiesOf(rig);
  return (rig.can ?? []).flatMap((capability, index) =>
    able.includes(capability)
      ? []
      : [
          {
            path: ['can', index],
            text: `this rig cannot ${capability}`,
            remedy: NEEDED_FOR[capability] ?? 'take it away: only virtual rigs can',
          },
        ],
  );
}
