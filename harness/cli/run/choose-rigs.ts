import { UsageError } from '../../core/errors';
import { readRigFile } from '../../rig/rig-file';
import { planOf, secretsKnown } from '../../rig/make-plan';
import { listRigFiles, PROJECT_ROOT, selectRigFiles } from '../../rig/select-rigs';
import { keepSecret } from '../secrets';

/** A rig of a run. */
export interface ChosenRig {
  readonly name: string;
  /** What finds it again: its name, or the path of a file that stands elsewhere than in rigs/. */
  readonly nameOrPath: string;
}

/**
 * The rigs that names, patterns and paths choose, each once. Their files are read: what is wrong with one is said before
 * anything runs.
 * @throws UsageError ESPRIG_RIG_NOT_FOUND, ESPRIG_USAGE_FILE, ESPRIG_RIG_FILE_INVALID; ESPRIG_USAGE for two of one name
 */
export function chooseRigs(patterns: readonly string[]): readonly ChosenRig[] {
  const known = new Set(listRigFiles({ root: PROJECT_ROOT }).map(({ file }) => file));
  const byName = new Map<string, string>();
  return selectRigFiles(patterns).map((file) => {
    const { description } = readRigFile(file);
    const { name } = description;
    keepSecret(secretsKnown(description));
    const other = byName.get(name);
    if (other !== undefined) {
      throw new UsageError('ESPRIG_USAGE', `two of the rigs are called ${name}: ${other} and ${file}`, {
        hint: 'A report tells rigs by their names: call one of them something else, or run them one by one.',
      });
    }
    byName.set(name, file);
    return { name, nameOrPath: known.has(file) ? name : file };
  });
}

/**
 * What cases would find out one by one: a secret that is not set, firmware that is not there.
 * @param firmware folder of a set in place of the rigs' own
 * @throws as `planOf`
 */
export function mustHaveAll(patterns: readonly string[], firmware: string | undefined): void {
  for (const file of selectRigFiles(patterns)) planOf(readRigFile(file), { firmware });
}
