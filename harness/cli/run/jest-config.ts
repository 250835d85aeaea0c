import { join } from 'node:path';
import type { ChosenRig } from './choose-rigs';

export interface RunPlan {
  /** The checkout. */
  readonly root: string;
  /** Each is a Jest project of its own, so that every case file runs on every rig. */
  readonly rigs: readonly ChosenRig[];
  readonly workers: number;
  /** Folder with a firmware.json. */
  readonly firmware: string | undefined;
  /** How long to wait for a rig that somebody else has; undefined: as long as the preset would. */
  readonly leaseMs?: number | undefined;
  /** Nothing of Jest's own progress. */
  readonly quiet?: boolean | undefined;
}

/** Jest's configuration for a run: one project a rig, so that `--selectProjects virtual-1mb` works behind `--`. */
export function jestConfigFor({ root, rigs, workers, firmware, leaseMs, quiet }: RunPlan): object {
  return {
    rootDir: root,
    maxWorkers: workers,
    reporters: [...(quiet === true ? [] : ['default']), join(root, 'harness', 'jest', 'reporter.cjs')],
    projects: rigs.map(({ name, nameOrPath }) => ({
      preset: join(root, 'harness', 'jest', 'preset.cjs'),
      rootDir: root,
      displayName: name,
      testMatch: ['<rootDir>/cases/**/*.test.ts'],
      testEnvironmentOptions: {
        rig: nameOrPath,
        ...(firmware === undefined ? {} : { firmware }),
        ...(leaseMs === undefined ? {} : { budgets: { leaseMs } }),
      },
    })),
  };
}
