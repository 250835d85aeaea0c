import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '../image-lab/random';

/** A seed for this run; ESPRIG_SEED repeats one. Put it into what a test compares, so that a failure shows it. */
export function runSeed(): number {
  const wanted = process.env['ESPRIG_SEED'];
  return wanted === undefined ? Math.floor(Math.random() * 0x100000000) : Number(wanted);
}

/** The bytes cut at random places; single bytes and empty slices among them. */
export function slices(bytes: Uint8Array, seed: number): Uint8Array[] {
  const random = new SeededRandom(seed);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const sizeBytes = random.below(4) === 0 ? random.below(2) : random.below(23);
    out.push(bytes.slice(at, at + sizeBytes));
    at += sizeBytes;
  }
  return out;
}

export interface CapturedLine {
  readonly from: 'host' | 'board';
  readonly bytes: Uint8Array;
}

/** Reads a `.hex` file of testdata/. */
export function readCapture(name: string): readonly CapturedLine[] {
  return readTestdata(name)
    .split('\n')
    .filter((line) => /^[<>]/.test(line))
    .map((line) => ({
      from: line.startsWith('>') ? 'host' : 'board',
      bytes: fromHex(line.slice(1)),
    }));
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.replace(/\s/g, '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function readTestdata(name: string): string {
  return readFileSync(join(__dirname, '..', 'testdata', name), 'latin1');
}
