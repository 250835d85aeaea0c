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
];
