import type { Config } from '@jest/types';
import { join } from 'node:path';
import { RealClock } from '../core/clock';
import { exitCodeFor, toEsprigError } from '../core/errors';
import { finishAbandonedRuns } from '../report/abandoned-runs';
import { createRunFolder, RUN_HANDLE_ENV } from '../report/run-folder';
import { readProjectOptions } from './options';
import { commandLine } from './repeat-command';
import { PARENT_ENV } from './run-end';

/** Where reports go; default: `reports` in the project. */
export const REPORTS_FOLDER_ENV = 'ESPRIG_REPORTS';

/**
 * Before the first case of a run: makes its folder, and tells the workers of it. Jest calls this once a project; the first
 * call counts. A run that cannot leave a report is broken before it begins.
 */
export async function globalSetup(
  globalConfig: Config.GlobalConfig,
  projectConfig: Config.ProjectConfig,
): Promise<void> {
  endWithTheParent();
  if (process.env[RUN_HANDLE_ENV] !== undefined) return;
  const reportsFolder = process.env[REPORTS_FOLDER_ENV] ?? join(globalConfig.rootDir, 'reports');
  // Runs that were killed get the report of what they had; one that cannot be put together must not keep us from running.
  await finishAbandonedRuns(reportsFolder).catch(() => []);
  try {
    const handle = createRunFolder({
      reportsFolder,
      rigNames: [readProjectOptions(projectConfig).rig],
      command: commandLine(process.argv),
      startedAtWallMs: new RealClock().wallTimeMs(),
    });
    process.env[RUN_HANDLE_ENV] = JSON.stringify(handle);
  } catch (error) {
    const { message, hint, code, blame } = toEsprigError(error);
    process.stderr.write(`esprig: ${message}\n  hint: ${hint ?? ''}\n  (${code})\n`);
    // Jest would call this 1, which is what a failed firmware is called.
    process.exit(exitCodeFor(blame));
  }
}

let isWatching = false;

/** `esprig run` holds a channel to this process: when that closes without a word, nobody wants the result any more. */
function endWithTheParent(): void {
  if (isWatching || process.env[PARENT_ENV] === undefined) return;
  isWatching = true;
  const end = (): never => process.exit(exitCodeFor('harness'));
  // It may have ended before we came to ask.
  if (!process.connected) end();
  process.channel?.unref();
  process.once('disconnect', end);
}
