import type { Command } from 'commander';

/** What a file of commands/ exports: it adds one or several commands to the program. */
export interface CommandModule {
  readonly register: (program: Command) => void;
}

/** One line of `esprig --help`, and where the command is. */
export interface CommandRow {
  readonly name: string;
  /** As the command's own `description`; a test compares them. */
  readonly summary: string;
  /** Loads the file only when the command is used: `--help` stays quick however much a command needs. */
  readonly load: () => Promise<CommandModule>;
}

/** Every command, in the order of the help. A new one is a file in commands/ and a row here. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'start',
    summary: 'the main job on an emulated board; what `npm start` runs',
    load: () => import('./commands/start'),
  },
  {
    name: 'run',
    summary: 'cases on rigs, and a report: the main job',
    load: () => import('./commands/run'),
  },
  {
    name: 'rigs',
    summary: 'the rigs that there are, what they can do, who has them',
    load: () => import('./commands/rigs'),
  },
  {
    name: 'doctor',
    summary: 'what is wrong on this machine or with a rig, and how to mend it',
    load: () => import('./commands/doctor'),
  },
  {
    name: 'board',
    summary: 'an emulated ESP8266 board standing alone: console on stdout',
    load: () => import('./commands/board'),
  },
  {
    name: 'image',
    summary: 'look into an image; make a bad one',
    load: () => import('./commands/image'),
  },
  {
    name: 'flash',
    summary: 'write images over the serial line, only what differs, verified',
    load: () => import('./commands/flash'),
  },
  {
    name: 'read-flash',
    summary: 'read flash over the serial line into a file',
    load: () => import('./commands/read-flash'),
  },
  {
    name: 'erase',
    summary: 'erase the flash, or a region of it, over the serial line',
    load: () => import('./commands/erase'),
  },
  {
    name: 'reset',
    summary: 'reset the board into its app or its serial loader, and check that it is there',
    load: () => import('./commands/reset'),
  },
  {
    name: 'chip',
    summary: 'tell chip, MAC and flash of a board',
    load: () => import('./commands/chip'),
  },
  {
    name: 'monitor',
    summary: 'the board’s console: timestamps, both rates, send, reset keys',
    load: () => import('./commands/monitor'),
  },
  {
    name: 'upload',
    summary: 'send an image to a device over the network, and see it restart into it',
    load: () => import('./commands/upload'),
  },
  {
    name: 'events',
    summary: 'a device’s event stream: console lines and progress as they come',
    load: () => import('./commands/events'),
  },
  {
    name: 'status',
    summary: 'what a device says of itself: image, slots, heap, streams, upload',
    load: () => import('./commands/status'),
  },
  {
    name: 'sdk',
    summary: 'check, make and undo the two changes that an SDK needs',
    load: () => import('./commands/sdk'),
  },
  {
    name: 'decode',
    summary: 'a panic in a console log as source lines',
    load: () => import('./commands/decode'),
  },
  {
    name: 'compare',
    summary: 'two runs side by side: verdicts, measurements, images; exit 1 if something got worse',
    load: () => import('./commands/compare'),
  },
];
