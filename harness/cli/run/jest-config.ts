import { join } from 'node:path';

export interface RunPlan {
  /** The checkout. */
  readonly root: string;
  /** Names of rigs; each is a Jest project of its own, so that every case file runs on every rig. */
  readonly rigs: readonly string[];
  readonly workers: number;
  /** Folder with a firmware.json. */
  readonly firmware: string | undefined;
}

/** Jest's configuration for a run: one project a rig, so that `--selectProjects virtual-1mb` works behind `--`. */
export function jestConfigFor({ root, rigs, workers, firmware }: RunPlan): object {
  return {
    rootDir: root,
    maxWorkers: workers,
    reporters: ['default', join(root, 'harness', 'jest', 'reporter.cjs')],
    projects: rigs.map((rig) => ({
      preset: join(root, 'harness', 'jest', 'preset.cjs'),
      rootDir: root,
      displayName: rig,
      testMatch: ['<rootDir>/cases/**/*.test.ts'],
      testEnvironmentOptions: { rig, ...(firmware === undefined ? {} : { firmware }) },
    })),
  };
}
