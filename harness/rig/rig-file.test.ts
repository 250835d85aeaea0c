import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeFor, toEsprigError, type EsprigError } from '../core/errors';
import { parseRigFile } from './rig-file';
import { capabilitiesOf } from './make-plan';
import { rigSchemaText } from './rig-schema-file';
import { listRigFiles, PROJECT_ROOT } from './select-rigs';

const GOOD = `# the desk
name: bench-1
kind: serial
board:
  mac: "5c:cf:7f:01:23:45"
  flash: 4MB
  layout: two-ota-2mb
serial: { port: /dev/ttyUSB0, baud: 115200, flashBaud: 460800 }
reset: nodemcu
power:
  uhubctl: { hub: "1-1", port: 2 }
network:
  address: from-log
wifi: { ssid: lab, passphraseEnv: LAB_PSK }
can: [power-cut]
dut: { events: /event, upload: /send, progressEvent: progress }
`;

function failure(text: string, name = 'bench-1'): EsprigError {
  try {
    parseRigFile(text, `rigs/local/${name}.yaml`);
  } catch (error) {
    return toEsprigError(error);
  }
  throw new Error('the file was taken for good');
}

/** What is wrong, how the good file becomes it, where that is, and what is told to be written. */
const MISTAKES: readonly (readonly [
  what: string,
  from: string | RegExp,
  to: string,
  place: string,
  remedy: string,
])[] = [
  ['a key with a typing mistake', 'port: /dev', 'prot: /dev', '8:11', 'write port:'],
  ['a key of the top level with a typing mistake', 'power:', 'pwoer:', '10:1', 'write power:'],
  [
    'a key in the wrong section',
    'reset: nodemcu',
    'flashBaud: 9600',
    '9:1',
    'flashBaud: belongs into serial:',
  ],
  [
    'an unknown key that is like none',
    'reset: nodemcu',
    'colour: green',
    '9:1',
    'the keys here are name, kind,',
  ],
  ['a name that is not the file’s', 'name: bench-1', 'name: bench-2', '2:7', 'write name: bench-1'],
  ['a kind that is none', 'kind: serial', 'kind: seriel', '3:7', 'write serial'],
  ['a MAC that is none', '5c:cf:7f:01:23:45', '5c:cf:7f:01:23', '5:8', 'write mac: "5c:cf:7f:01:23:45"'],
  ['no MAC', / {2}mac: .*\n/, '', '4:1', 'esprig chip'],
  ['a flash size without unit', 'flash: 4MB', 'flash: 4', '6:10', 'one of 512KB, 1MB, 2MB, 4MB'],
  ['a layout with a typing mistake', 'two-ota-2mb', 'two-ota2-mb', '7:11', 'write two-ota-2mb'],
  ['a layout that is larger than the flash', 'flash: 4MB', 'flash: 1MB', '6:10', 'write flash: 2MB'],
  ['a section that is missing', /serial: .*\n/, '', '2:1', 'write serial: { port:'],
  [
    'a port of another kind',
    '/dev/ttyUSB0',
    'telnet://rack:23',
    '8:17',
    'a device path or rfc2217://host:port is wanted',
  ],
  [
    'a rate that is a word',
    'baud: 115200',
    'baud: fast',
    '8:37',
    'from 9600 to 4000000 is wanted; write baud: 115200',
  ],
  ['a reset recipe that is none', 'nodemcu', 'node-mcu2', '9:8', 'write nodemcu'],
  ['a hub that is a number', '"1-1"', '1', '11:19', 'write hub: "1-1"'],
  [
    'two power switches',
    'port: 2 }',
    'port: 2 }\n  commands: { on: a, off: b }',
    '11:3',
    'keep uhubctl: or commands:',
  ],
  [
    'a pattern without a group',
    'from-log',
    'from-log\n  pattern: address .*',
    '14:12',
    'in the first parentheses',
  ],
  ['a passphrase', 'passphraseEnv: LAB_PSK', 'passphrase: hunter2', '14:20', 'write passphraseEnv:'],
  [
    'a passphrase where its variable belongs',
    'LAB_PSK',
    '"hunter 2"',
    '14:35',
    'write passphraseEnv: LAB_PSK',
  ],
  ['a capability that is none', '[power-cut]', '[power_cutt]', '15:7', 'write power-cut'],
  ['a capability that the rig does not have', /power:\n.*\n/, '', '13:7', 'write power: { uhubctl'],
  ['a capability of virtual rigs', '[power-cut]', '[power-cut, snapshot]', '15:18', 'only virtual rigs can'],
  [
    'a path without a slash',
    '/event',
    'event',
    '16:16',
    'a path that begins with / is wanted; write events: /event',
  ],
  ['a tab as indent', '  address', '\taddress', '13:1', 'indent with blanks'],
  ['a key that stands there twice', 'reset: nodemcu', 'kind: serial', '9:1', 'keep one of them'],
  ['a quote that is never closed', '"1-1"', '"1-1', '', 'close what was opened'],
  [
    'a section that is a list',
    /board:\n( {2}.*\n)+?serial/,
    'board: []\nserial',
    '4:8',
    'write board: { flash:',
  ],
  [
    'a virtual rig with a port',
    'kind: serial',
    'kind: virtual',
    '8:1',
    'take serial: away, or write kind: serial',
  ],
];

describe('a rig file', () => {
  it('that is another kind of file is refused in a few lines, without what stands in it', () => {
    const text = `# Notes\n\nTOKEN "s3cr3t": [\n${'key: "s3cr3t" s3cr3t `s3cr3t`\n'.repeat(30)}- *s3cr3t\n`;
    const refused = (): unknown => parseRigFile(text, 'notes.env');
    expect(refused).toThrow(
      expect.objectContaining({
        code: 'ESPRIG_RIG_FILE_INVALID',
        evidence: [
          {
            title: 'and',
            lines: [expect.anything(), expect.anything(), expect.stringMatching(/^… \d+ more$/)],
          },
        ],
      }),
    );
    expect(said(refused)).not.toContain('s3cr3t');
  });

  it('is read', () => {
    const { description } = parseRigFile(GOOD, 'rigs/local/bench-1.yaml');
    expect(description).toMatchObject({
      name: 'bench-1',
      kind: 'serial',
      serial: { baud: 115_200, flashBaud: 460_800 },
      power: { uhubctl: { hub: '1-1', port: 2 }, offMs: 1_000 },
      can: ['power-cut'],
    });
  });

  it.each(MISTAKES)(
    'names line and column of %s, and what to write instead',
    (_what, from, to, place, remedy) => {
      const text = GOOD.replace(from, to);
      expect(text).not.toBe(GOOD);
      const error = failure(text);
      expect(error.code).toBe('ESPRIG_RIG_FILE_INVALID');
      expect(exitCodeFor(error.blame)).toBe(2);
      const said = [error.message, ...error.evidence.flatMap(({ lines }) => lines)];
      const about = said.find((line) => line.includes(remedy));
      expect(about ?? said.join('\n')).toContain(remedy);
      expect(about).toContain(`rigs/local/bench-1.yaml:${place}`);
    },
  );

  it('tells all mistakes at once, in the order of their lines', () => {
    const text = GOOD.replace('kind: serial', 'kind: x')
      .replace('reset: nodemcu', 'reset: y')
      .replace('4MB', '3MB');
    const error = failure(text);
    const places = [error.message, ...error.evidence.flatMap(({ lines }) => lines)].map(
      (line) => /:(\d+):\d+:/.exec(line)?.[1],
    );
    expect(places).toEqual(['3', '6', '9']);
  });

  it('that is empty or no map is told how to begin', () => {
    for (const text of ['', '# nothing\n', '- a\n- b\n', 'just words\n']) {
      expect(failure(text).message).toMatch(/rigs\/local\/bench-1\.yaml:1:1: .*begin with name: and kind:/);
    }
  });

  it('may name line steps, commands, and files of firmware in the field', () => {
    const text = `name: field
kind: serial
board: { mac: "5c:cf:7f:01:23:45", flash: 1MB, layout: reference-one-mb }
serial: { port: rfc2217://rack-1:4000 }
reset:
  loader: [{ dtr: false, rts: true }, { waitMs: 100 }, { dtr: true, rts: false }, { waitMs: 50 }]
  app: [{ dtr: false, rts: true }, { waitMs: 100 }, { dtr: false, rts: false }]
power: { commands: { on: relay 3 on, off: relay 3 off, state: relay 3 state } }
firmware:
  flash: [{ offset: 0, file: dump.bin }]
  slots: { main: { image: main.bin } }
dut: { profile: seed }
`;
    const rig = parseRigFile(text, 'field.yaml');
    expect(capabilitiesOf(rig)).toEqual(['reset', 'power-cut']);
    const wrongStep = failure(text.replace('{ waitMs: 50 }', '{ waitms: 50 }'), 'field');
    expect(wrongStep.message).toContain('field.yaml:6:');
    expect(wrongStep.message).toContain('write waitMs:');
  });

  it('allows a rig less than it could do', () => {
    const rig = parseRigFile(
      'name: v\nkind: virtual\nboard: { flash: 1MB, layout: one-mb }\ncan: [reset, snapshot]\n',
      'v.yaml',
    );
    expect(capabilitiesOf(rig)).toEqual(['reset', 'snapshot']);
  });

  const VIRTUAL = 'name: v\nkind: virtual\nboard: { flash: 1MB, layout: one-mb }\n';
  it.each([
    ['the firmware that is built for emulated boards', VIRTUAL, true],
    ['another firmware', `${VIRTUAL}firmware: elsewhere\n`, false],
    ['another firmware that does', `${VIRTUAL}firmware: elsewhere\ndut: { console: true }\n`, true],
    ['one with other habits', `${VIRTUAL}dut: { profile: seed }\n`, false],
    ['one of which the file says no', `${VIRTUAL}dut: { console: false }\n`, false],
    ['a board on a bench', GOOD, false],
    [
      'a board on a bench whose file says so',
      GOOD.replace('can: [power-cut]\ndut: {', 'dut: { console: true,'),
      true,
    ],
  ])('knows whether %s takes commands on its console', (_what, text, takesThem) => {
    const rig = parseRigFile(text, `${/name: (\S+)/.exec(text)![1]!}.yaml`);
    expect(capabilitiesOf(rig).includes('console-commands')).toBe(takesThem);
  });

  it('does not let a file ask for commands that its firmware does not take', () => {
    const text = GOOD.replace('[power-cut]', '[power-cut, console-commands]');
    expect(failure(text).message).toContain('write dut: { console: true }');
  });
});

describe('the rigs of the project', () => {
  it.each(listRigFiles({ root: PROJECT_ROOT }).filter(({ file }) => !file.includes('local')))(
    '$name makes sense',
    ({ file }) => {
      const { description } = parseRigFile(readFileSync(file, 'utf8'), file);
      expect(file).toContain(`${description.name}.yaml`);
    },
  );

  it('have a schema for editors that is the one of this code', () => {
    const kept = readFileSync(join(PROJECT_ROOT, 'rigs', 'rig.schema.json'), 'utf8');
    expect(JSON.parse(kept)).toEqual(JSON.parse(rigSchemaText()));
  });
});

/** All that an error tells. */
function said(work: () => unknown): string {
  try {
    return JSON.stringify(work());
  } catch (error) {
    const { message, hint, evidence } = error as EsprigError;
    return JSON.stringify({ message, hint, evidence });
  }
}
