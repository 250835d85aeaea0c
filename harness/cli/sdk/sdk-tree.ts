import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../../core/errors';

/** Where an ESP8266_RTOS_SDK is, and which. */
export interface SdkTree {
  readonly path: string;
  /** `v3.4`, or the commit; undefined where nothing tells. */
  readonly version?: string;
  /** What told it. */
  readonly versionFrom?: string;
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const isSdk = (path: string): boolean => isFolder(join(path, 'components/esp8266'));

/**
 * Looks whether the folder is an SDK.
 * @throws UsageError ESPRIG_USAGE_FILE that says what it is in place of one, and where one is nearby
 */
export function findSdk(given: string): SdkTree {
  const path = resolve(given);
  if (!existsSync(path)) {
    throw notAnSdk(
      `${given} does not exist`,
      'Name the top folder of your ESP8266_RTOS_SDK; IDF_PATH usually holds it.',
    );
  }
  if (!isFolder(path))
    throw notAnSdk(`${given} is a file`, 'Name the top folder of the SDK, not a file of it.');
  if (!isSdk(path)) {
    throw notAnSdk(
      `${given} is not the top folder of an ESP8266_RTOS_SDK: no components/esp8266 in it`,
      hintFor(path),
    );
  }
  return { path: realpathSync(path), ...versionOf(path) };
}

function notAnSdk(what: string, hint: string): UsageError {
  return new UsageError('ESPRIG_USAGE_FILE', what, { hint });
}

function hintFor(path: string): string {
  for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
    if (isSdk(above)) return `The SDK's top folder is ${above}.`;
  }
  const inside = childFolders(path).find((name) => isSdk(join(path, name)));
  if (inside !== undefined) return `There is an SDK in ${join(path, inside)}.`;
  if (isFolder(join(path, 'components/esp32')) || isFolder(join(path, 'components/esp_hw_support'))) {
    return 'This looks like ESP-IDF, which is for the ESP32; the ESP8266 has an SDK of its own.';
  }
  if (['sdkconfig', 'sdkconfig.defaults', 'main'].some((name) => existsSync(join(path, name)))) {
    return 'This looks like a project that uses the SDK; name the SDK itself: IDF_PATH usually holds it.';
  }
  return 'Name the top folder of your ESP8266_RTOS_SDK; IDF_PATH usually holds it.';
}

function childFolders(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

function readIf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A release tells it in a file; a checkout by the tag or the commit that is checked out. */
function versionOf(path: string): { version?: string; versionFrom?: string } {
  const told = readIf(join(path, 'version.txt'))?.split('\n')[0];
  if (told !== undefined && told !== '') return { version: told, versionFrom: 'version.txt' };
  const commit = commitOf(path);
  if (commit !== undefined) {
    const { sha, tag } = commit;
    return tag === undefined
      ? { version: `commit ${sha.slice(0, 8)}`, versionFrom: 'git' }
      : { version: tag, versionFrom: 'git' };
  }
  const folder = /^ESP8266_RTOS_SDK[-_](v?\d+\.\d+\S*)$/.exec(basename(path))?.[1];
  return folder === undefined ? {} : { version: folder, versionFrom: "the folder's name" };
}

/** Read from the files of .git: git itself may be missing, or may be told by a foreign repository to run something. */
function commitOf(path: string): { sha: string; tag: string | undefined } | undefined {
  const link = /^gitdir: (.+)$/.exec(readIf(join(path, '.git')) ?? '')?.[1];
  const git = link === undefined ? join(path, '.git') : resolve(path, link);
  const common = resolve(git, readIf(join(git, 'commondir')) ?? '.');
  const packed = (readIf(join(common, 'packed-refs')) ?? '').split('\n');
  const head = readIf(join(git, 'HEAD')) ?? '';
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  const packedSha = packed.find((line) => line.endsWith(` ${ref}`))?.slice(0, 40);
  const sha = ref === undefined ? head : (readIf(join(common, ref)) ?? packedSha ?? '');
  if (!/^[0-9a-f]{40}$/.test(sha)) return undefined;
  return { sha, tag: looseTag(common, sha) ?? packedTag(packed, sha) };
}

function looseTag(common: string, sha: string): string | undefined {
  const folder = join(common, 'refs/tags');
  try {
    return readdirSync(folder).find((name) => readIf(join(folder, name)) === sha);
  } catch {
    return undefined;
  }
}

/** A line `^SHA` is the commit of the annotated tag in the line before. */
function packedTag(packed: readonly string[], sha: string): string | undefined {
  const at = packed.findIndex((line, i) => {
    const isTag = (text: string | undefined): boolean => / refs\/tags\//.test(text ?? '');
    return (line.startsWith(sha) && isTag(line)) || (line === `^${sha}` && isTag(packed[i - 1]));
  });
  const line = packed[at]?.startsWith('^') === true ? packed[at - 1] : packed[at];
  return line?.split(' refs/tags/')[1];
}
