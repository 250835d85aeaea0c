import { basename, resolve } from 'node:path';
import { UsageError } from '../core/errors';
import { isRigPath, RIG_FILE_ENDING } from '../rig/rig-path';

/** How long each phase may take. A phase that runs out says so by its name. */
export interface PhaseBudgets {
  /** 0: a board that somebody else has is not waited for. */
  readonly leaseMs: number;
  readonly flashMs: number;
  readonly bootMs: number;
  /** One case, from the moment it has its board. */
  readonly bodyMs: number;
  readonly teardownMs: number;
}

/** What a Jest project says in `testEnvironmentOptions`, all of it optional. Relative paths count from its rootDir. */
export interface RigProjectOptions {
  /** Name of the rig that this project's cases run on; as it is given, also the path of a rig file. */
  readonly rig: string;
  /** The rig file, where it was named by its path. */
  readonly rigFile?: string | undefined;
  /** Module that hands out rigs, in place of harness/rig: exports `rigProvider` (rig-provider.ts). */
  readonly rigProvider: string | undefined;
  /** Folder with a firmware.json, in place of the rig's own. */
  readonly firmware: string | undefined;
  readonly budgets: PhaseBudgets;
}

export const DEFAULT_RIG = 'virtual-1mb';

export const DEFAULT_BUDGETS: PhaseBudgets = {
  leaseMs: 60_000,
  flashMs: 180_000,
  bootMs: 30_000,
  bodyMs: 60_000,
  teardownMs: 15_000,
};

/** As Jest knows a project. */
export interface JestProject {
  readonly rootDir: string;
  readonly testEnvironmentOptions: Readonly<Record<string, unknown>>;
}

/**
 * Reads a project's `testEnvironmentOptions`. The environment variable ESPRIG_RIG counts only where a project names none.
 * @throws UsageError ESPRIG_USAGE for a key or a value that means nothing here
 */
export function readProjectOptions(
  { rootDir, testEnvironmentOptions: given }: JestProject,
  env: Readonly<Record<string, string | undefined>> = process.env,
): RigProjectOptions {
  const text = (key: string): string | undefined => {
    const value = given[key];
    if (value === undefined || value === '') return undefined;
    if (typeof value === 'string') return value;
    throw new UsageError('ESPRIG_USAGE', `testEnvironmentOptions.${key}: a text is wanted`);
  };
  const path = (said: string | undefined): string | undefined =>
    said === undefined ? undefined : resolve(rootDir, said);
  const rig = text('rig');
  const rigProvider = text('rigProvider');
  return {
    ...rigOf(
      rig !== undefined && isRigPath(rig) ? resolve(rootDir, rig) : rig || env['ESPRIG_RIG'] || DEFAULT_RIG,
    ),
    // May be a package.
    rigProvider: rigProvider?.startsWith('.') === true ? path(rigProvider) : rigProvider,
    firmware: path(text('firmware')) ?? (env['ESPRIG_FIRMWARE'] || undefined),
    budgets: readBudgets(given['budgets'], env),
  };
}

/** A rig file is called like its rig. */
function rigOf(said: string): Pick<RigProjectOptions, 'rig' | 'rigFile'> {
  return isRigPath(said) ? { rig: basename(said, RIG_FILE_ENDING), rigFile: said } : { rig: said };
}

function readBudgets(given: unknown, env: Readonly<Record<string, string | undefined>>): PhaseBudgets {
  const budgets: Record<keyof PhaseBudgets, number> = { ...DEFAULT_BUDGETS };
  const rows = typeof given === 'object' && given !== null ? Object.entries(given) : [];
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    throw new UsageError('ESPRIG_USAGE', 'testEnvironmentOptions.budgets: an object is wanted');
  }
  const fromEnv = env['ESPRIG_BODY_MS'];
  if (fromEnv !== undefined && fromEnv !== '') rows.push(['bodyMs', Number(fromEnv)]);
  for (const [key, value] of rows as readonly [string, unknown][]) {
    if (!isPhase(key)) {
      throw new UsageError('ESPRIG_USAGE', `testEnvironmentOptions.budgets: no phase '${key}'`, {
        hint: `Phases: ${Object.keys(DEFAULT_BUDGETS).join(', ')}.`,
      });
    }
    if (typeof value !== 'number' || !(key === 'leaseMs' ? value >= 0 : value > 0)) {
      throw new UsageError('ESPRIG_USAGE', `testEnvironmentOptions.budgets.${key}: milliseconds are wanted`);
    }
    budgets[key] = value;
  }
  return budgets;
}

function isPhase(key: string): key is keyof PhaseBudgets {
  return Object.hasOwn(DEFAULT_BUDGETS, key);
}
