import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProtocolError, UsageError } from '../../core/errors';
import {
  applySdkPatch,
  judgeSdkPatch,
  parseSdkPatches,
  undoSdkPatch,
  type SdkPatch,
  type SdkPatchState,
  type SdkPatchVerdict,
} from '../../protocol/sdk-patch';
import { setVerdict } from '../esprig';
import type { Output } from '../output';
import { jsonOption, outputFor, QUIET_OPTION, type OutputFlags } from '../output-options';
import { encodeNote, noteOf, notePath, NOTE_NAME, readNote, restoreByNote } from '../sdk/sdk-note';
import { findSdk, type SdkTree } from '../sdk/sdk-tree';
import { writeTogether, type FileChange } from '../sdk/write-together';

const PATCHES_FILE = join(__dirname, '../../../firmware/sdk-patches/patches.json');

/** Adds `esprig sdk` with `check`, `patch` and `unpatch`. */
export function register(program: Command): void {
  const sdk = program.command('sdk').description('check, make and undo the two changes that an SDK needs');
  const verbs = [
    ['check', 'tell whether the changes are there; exit 1 if one is not', check],
    ['patch', 'make the changes that are missing: all of them or, if a text is unknown, none', patch],
    ['unpatch', 'undo the changes; what `patch` changed is restored byte for byte', unpatch],
  ] as const;
  for (const [name, summary, run] of verbs) {
    sdk
      .command(name)
      .description(summary)
      .argument('[path]', 'top folder of ESP8266_RTOS_SDK; by default what IDF_PATH holds')
      .option(...jsonOption('one JSON value'))
      .option(...QUIET_OPTION)
      .action((path: string | undefined, options: OutputFlags) => {
        run(look(path), outputFor(options));
      });
  }
}

interface Looked {
  readonly sdk: SdkTree;
  readonly patches: readonly LookedPatch[];
}

interface LookedPatch {
  readonly patch: SdkPatch;
  readonly verdict: SdkPatchVerdict;
  /** undefined: the SDK has no such file. */
  readonly bytes: Uint8Array | undefined;
}

function look(given: string | undefined): Looked {
  const path = given ?? process.env['IDF_PATH'];
  if (path === undefined || path === '') {
    throw new UsageError('ESPRIG_USAGE', 'sdk: no path was given, and IDF_PATH is not set', {
      hint: 'Name the top folder of your ESP8266_RTOS_SDK.',
    });
  }
  const sdk = findSdk(path);
  const patches = parseSdkPatches(readFileSync(PATCHES_FILE, 'utf8')).map((patch): LookedPatch => {
    const bytes = readIfThere(join(sdk.path, patch.file));
    const verdict =
      bytes === undefined
        ? ({ state: 'unknown', detail: 'there is no such file: the SDK is older than v3.3' } as const)
        : judgeSdkPatch(patch, textOf(bytes));
    return { patch, verdict, bytes };
  });
  return { sdk, patches };
}

function readIfThere(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why = code === 'EISDIR' ? 'it is a folder' : (error as Error).message;
    throw new UsageError('ESPRIG_USAGE_FILE', `${file} cannot be read: ${why}`, { cause: error });
  }
}

/** A character a byte: whatever the file is encoded in comes out as it went in. */
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');

function describeSdk({ sdk }: Looked): string {
  const version =
    sdk.version === undefined ? 'version unknown' : `${sdk.version} (by ${sdk.versionFrom ?? '?'})`;
  return `ESP8266_RTOS_SDK, ${version}: ${sdk.path}`;
}

const whereOf = (patch: SdkPatch, { line }: SdkPatchVerdict): string =>
  line === undefined ? patch.file : `${patch.file}:${line}`;

function report(looked: Looked, out: Output, verb: string, done: readonly string[], note?: string): void {
  const { sdk, patches } = looked;
  out.value({
    ...{ verb, sdk: sdk.path, version: sdk.version, versionFrom: sdk.versionFrom, changed: done, note },
    patches: patches.map(({ patch, verdict }) => {
      const { name, file, text, neededFor } = patch;
      return { name, file, ...verdict, text, neededFor };
    }),
  });
  if (out.json) return;
  // What was looked for is the result; what was changed is told by the exit code.
  const say = (text: string): void => (verb === 'check' ? out.result(text) : out.line(text));
  say(describeSdk(looked));
  for (const { patch, verdict } of patches) {
    const { state, detail } = verdict;
    say(`  ${state.padEnd(8)} ${patch.name.padEnd(19)} ${whereOf(patch, verdict)}`);
    if (state === 'applied' || verb !== 'check') continue;
    say(`           ${detail}`);
    say(`           ${patch.text} Needed for: ${patch.neededFor}.`);
  }
}

function check(looked: Looked, out: Output): void {
  report(looked, out, 'check', []);
  const count = (state: SdkPatchState) =>
    looked.patches.filter(({ verdict }) => verdict.state === state).length;
  const applied = count('applied');
  if (applied === looked.patches.length) return;
  setVerdict(1);
  if (out.json) return;
  const strange = count('partly') + count('unknown');
  out.result(
    strange > 0
      ? `${applied} of ${looked.patches.length} are there; \`esprig sdk patch\` leaves an SDK alone whose text it does not know.`
      : `${applied} of ${looked.patches.length} are there; \`esprig sdk patch ${looked.sdk.path}\` makes the rest.`,
  );
}

/** @throws ProtocolError ESPRIG_SDK_TEXT when a patch is neither there nor wholly missing */
function refuseStrange({ patches, sdk }: Looked, verb: string): void {
  const strange = patches.filter(({ verdict }) => verdict.state === 'partly' || verdict.state === 'unknown');
  if (strange.length === 0) return;
  const lines = strange.map(
    ({ patch, verdict }) =>
      `${whereOf(patch, verdict)}: ${patch.name} is ${verdict.state}: ${verdict.detail}`,
  );
  throw new ProtocolError(
    'ESPRIG_SDK_TEXT',
    `sdk ${verb}: the SDK holds text that is not known; nothing was changed`,
    {
      evidence: [{ title: sdk.path, lines }],
      hint: `Look at these lines; firmware/sdk-patches/README.md shows both changes, to be made by hand.`,
    },
  );
}

/** Files of several patches are changed once, with all of them. */
function filesOf(looked: Looked): ReadonlyMap<string, readonly LookedPatch[]> {
  const files = new Map<string, LookedPatch[]>();
  for (const each of looked.patches)
    files.set(each.patch.file, [...(files.get(each.patch.file) ?? []), each]);
  return files;
}

function patch(looked: Looked, out: Output): void {
  const { sdk } = looked;
  refuseStrange(looked, 'patch');
  const changes: FileChange[] = [];
  const done: string[] = [];
  let note = readNote(sdk.path);
  for (const [file, all] of filesOf(looked)) {
    const missing = all.filter(({ verdict }) => verdict.state === 'missing');
    const bytes = all[0]!.bytes!;
    if (missing.length === 0) continue;
    const after = bytesOf(missing.reduce((text, each) => applySdkPatch(each.patch, text), textOf(bytes)));
    changes.push({ path: join(sdk.path, file), bytes: after });
    note = [...note.filter((entry) => entry.file !== file), noteOf(file, bytes, after)];
    done.push(...missing.map((each) => each.patch.name));
  }
  // The way back is there before the first file has changed.
  if (changes.length > 0) writeTogether([{ path: notePath(sdk.path), bytes: encodeNote(note) }, ...changes]);
  report(look(sdk.path), out, 'patch', done, changes.length > 0 ? NOTE_NAME : undefined);
  if (out.json) return;
  out.line(
    done.length === 0
      ? 'Both were there: nothing was changed.'
      : `Made: ${done.join(', ')}. \`esprig sdk unpatch ${sdk.path}\` undoes it, by ${NOTE_NAME} there.`,
  );
}

function unpatch(looked: Looked, out: Output): void {
  const { sdk } = looked;
  refuseStrange(looked, 'unpatch');
  const note = readNote(sdk.path);
  const changes: FileChange[] = [];
  const done: string[] = [];
  const ways: string[] = [];
  for (const [file, all] of filesOf(looked)) {
    const applied = all.filter(({ verdict }) => verdict.state === 'applied');
    const bytes = all[0]!.bytes!;
    if (applied.length === 0) continue;
    const before = restoreByNote(note, file, bytes);
    const after =
      before ?? bytesOf(applied.reduce((text, each) => undoSdkPatch(each.patch, text), textOf(bytes)));
    changes.push({ path: join(sdk.path, file), bytes: after });
    ways.push(
      `${file}: ${before === undefined ? 'by content, other changes of yours stay' : 'as it was, byte for byte'}`,
    );
    done.push(...applied.map((each) => each.patch.name));
  }
  // Last, so that the way back is there until nothing needs it.
  const noteGoes =
    readIfThere(notePath(sdk.path)) === undefined ? [] : [{ path: notePath(sdk.path), bytes: undefined }];
  if (changes.length + noteGoes.length > 0) writeTogether([...changes, ...noteGoes]);
  report(look(sdk.path), out, 'unpatch', done);
  if (out.json) return;
  for (const way of ways) out.line(`  ${way}`);
  out.line(done.length === 0 ? 'Neither was there: nothing was changed.' : `Undone: ${done.join(', ')}.`);
}
