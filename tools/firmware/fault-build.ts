import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { faultedFiles, type Fault } from './faults';

/**
 * sse-ota-host with a fault in it. Only what the fault changes is compiled: objects are kept by the hash of what made them.
 * No sanitizers: what notices a fault has to be the contract.
 */
const ROOT = join(__dirname, '../..');
const COMPONENT = join(ROOT, 'firmware/components/sse_ota');
const BUILD = join(ROOT, 'build/firmware-host-faults');
/** As the component itself: a fault is no reason for a warning. */
const STRICT = ['-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror'];
const FLAGS = [
  '-std=c99',
  '-O1',
  '-g0',
  ...STRICT,
  ...['include', 'src', 'port/host'].map((dir) => `-I${join(COMPONENT, dir)}`),
];
const FOLDERS = ['src', 'port/host'] as const;
const COMPILE_LIMIT_MS = 60_000;

const run = promisify(execFile);

const sha256 = (...parts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 32);
};

/** Below firmware/, as faults name them. */
function sources(): readonly string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(COMPONENT, folder))
      .filter((file) => file.endsWith('.c'))
      .map((file) => `components/sse_ota/${folder}/${file}`),
  ).sort();
}

function headersHash(): string {
  const folders = ['include', ...FOLDERS];
  const texts = folders.flatMap((folder) =>
    readdirSync(join(COMPONENT, folder))
      .filter((file) => file.endsWith('.h'))
      .sort()
      .flatMap((file) => [file, readFileSync(join(COMPONENT, folder, file), 'utf8')]),
  );
  return sha256(...texts);
}

/** Written whole or not at all: two builds at once do no harm. */
async function made(file: string, make: (draft: string) => Promise<unknown>): Promise<string> {
  if (existsSync(file)) return file;
  const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    await make(draft);
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  return file;
}

async function compile(source: string, text: string, headers: string): Promise<string> {
  const key = sha256(source, text, headers, ...FLAGS);
  const copy = join(BUILD, 'sources', `${key}.c`);
  writeFileSync(copy, text);
  return made(join(BUILD, 'objects', `${basename(source, '.c')}-${key}.o`), (draft) =>
    run('gcc', [...FLAGS, '-c', copy, '-o', draft], { timeout: COMPILE_LIMIT_MS }),
  );
}

/**
 * The program with this fault in it; without one the same program as it should be.
 * @throws Error when the fault does not fit the source, touches a header, or does not compile
 */
export async function buildHost(fault?: Fault): Promise<string> {
  const changed = fault === undefined ? new Map<string, string>() : faultedFiles(fault);
  const all = sources();
  const elsewhere = [...changed.keys()].filter((file) => !all.includes(file));
  if (elsewhere.length > 0)
    throw new Error(`fault ${fault!.name}: ${elsewhere.join(', ')} is not in a host build`);
  for (const folder of ['sources', 'objects']) mkdirSync(join(BUILD, folder), { recursive: true });
  const headers = headersHash();
  const objects: string[] = [];
  // One after the other: whoever builds several faults does so side by side.
  for (const source of all) {
    const text = changed.get(source) ?? readFileSync(join(ROOT, 'firmware', source), 'utf8');
    objects.push(await compile(source, text, headers));
  }
  return made(join(BUILD, `sse-ota-host-${sha256(...objects)}`), (draft) =>
    run('gcc', [...objects, '-o', draft], { timeout: COMPILE_LIMIT_MS }),
  );
}
