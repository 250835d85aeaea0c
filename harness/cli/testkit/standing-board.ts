/** `esprig board --serial --forward` as a process of its own: a board on a bench that can be killed, and put back. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FirmwareFile } from '../../rig/firmware-set';
import { ROOT } from './real-run';

const MAC = '5c:cf:7f:0d:0e:0f';
const SHIPPED = join(ROOT, 'build', 'firmware', 'one-mb');

interface Ready {
  readonly event: string;
  readonly serial: string;
  readonly forwards: readonly { readonly host: string }[];
}

/** Where it can be reached; the same after it was killed and started again. */
export interface BoardPlace {
  readonly serialUrl: string;
  readonly address: string;
}

export class StandingBoard implements Disposable {
  readonly place: BoardPlace;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, place: BoardPlace) {
    this.#child = child;
    this.place = place;
  }

  /** Resolves when its firmware answers. */
  static async start(place?: BoardPlace): Promise<StandingBoard> {
    const serial = place === undefined ? '0' : new URL(place.serialUrl).port;
    const forward = place === undefined ? '0' : (place.address.split(':')[1] ?? '0');
    const { flash } = JSON.parse(readFileSync(join(SHIPPED, 'firmware.json'), 'utf8')) as FirmwareFile;
    const images = flash.flatMap(({ flashOffset, file }) => [
      '--image',
      `0x${flashOffset.toString(16)}:${join(SHIPPED, file)}`,
    ]);
    const args = ['board', '--json', '--mac', MAC, '--flash-size', '1MB', ...images];
    const child = spawn(
      process.execPath,
      [join(ROOT, 'harness', 'cli', 'bin.cjs'), ...args, '--serial', serial, '--forward', `${forward}:80`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    for await (const line of createInterface({ input: child.stdout })) {
      const value = JSON.parse(line) as Ready;
      if (value.event !== 'ready') continue;
      // It goes on talking; nobody listens any more.
      child.stdout.resume();
      return new StandingBoard(child, { serialUrl: value.serial, address: value.forwards[0]?.host ?? '' });
    }
    throw new Error('the board ended before its firmware answered');
  }

  /** kill -9 */
  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** A rig file for it. */
export function rigFileFor(folder: string, { serialUrl, address }: BoardPlace): string {
  const file = join(folder, 'standing.yaml');
  const lines = [
    'name: standing',
    'kind: serial',
    `board: { mac: "${MAC}", flash: 1MB, layout: one-mb }`,
    `serial: { port: "${serialUrl}", flashBaud: 921600 }`,
    `network: { address: "${address}" }`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

const BLOB_OFFSET = 0x80000;
const BLOB_BYTES = 160 * 1024;

/** The shipped firmware, and a large part called `blob` that takes its time to be written. */
export function firmwareWithBlob(folder: string, seed: number): string {
  const set = join(folder, `firmware-${String(seed)}`);
  mkdirSync(set);
  const shipped = JSON.parse(readFileSync(join(SHIPPED, 'firmware.json'), 'utf8')) as FirmwareFile;
  const files = [
    ...shipped.flash.map(({ file }) => file),
    ...Object.values(shipped.slots).flatMap(({ image, elf }) => (elf === undefined ? [image] : [image, elf])),
  ];
  for (const file of new Set(files)) symlinkSync(join(SHIPPED, file), join(set, file));
  // Numbers of a linear congruence: nothing that the loader's compression could shorten.
  let state = seed;
  const blob = Uint8Array.from({ length: BLOB_BYTES }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
  writeFileSync(join(set, 'blob.bin'), blob);
  const flash = [...shipped.flash, { flashOffset: BLOB_OFFSET, file: 'blob.bin' }];
  writeFileSync(join(set, 'firmware.json'), JSON.stringify({ ...shipped, flash }));
  return set;
}
