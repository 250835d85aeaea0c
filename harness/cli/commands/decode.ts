import type { Command } from 'commander';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hex32, toHex } from '../../core/bytes';
import { EsprigError, UsageError } from '../../core/errors';
import { parseElfSymbols, type ElfSymbol } from '../../protocol/elf-symbols';
import { inspectImage, sha256Of } from '../../protocol/image';
import { describePanic, PanicParser, type BacktraceFrame, type Panic } from '../../protocol/panic';
import type { Output } from '../output';
import { jsonOption, outputFor, QUIET_OPTION, type OutputFlags } from '../output-options';

const ADDR2LINE = 'xtensa-lx106-elf-addr2line';
const ADDR2LINE_LIMIT_MS = 30_000;
/** What stands before a line of the board. */
const STAMPS: readonly RegExp[] = [
  // A report's serial.log: time, rig where there are several, a bar.
  /^ *\d+\.\d{6}(?: [\w.+-]+)? \| /,
  // `monitor`, its --stamps clock, `events`.
  /^ *\d+\.\d{3} /,
  /^\d\d:\d\d:\d\d\.\d{3} /,
  /^\[ *\d+\.\d{3}\] /,
];
const STDIN = 0;

interface DecodeOptions extends OutputFlags {
  readonly elf: string;
  readonly image?: string;
  readonly symbolsOnly?: true;
}

/** An address of a crash and where it is in the source. */
interface Frame {
  readonly what: string;
  readonly addr: number;
  /** Innermost first where functions were inlined. */
  readonly places: readonly string[];
}

/** Adds `esprig decode`. */
export function register(program: Command): void {
  program
    .command('decode')
    .description('a panic in a console log as source lines')
    .argument(
      '[log]',
      'console log, also a report’s serial.log and what monitor or events printed, --json too; - or nothing: standard input',
    )
    .requiredOption('--elf <file>', 'the .elf that the build left beside the image')
    .option('--image <file>', 'the image that ran: another ELF than its own is refused')
    .option('--symbols-only', 'names of functions from the ELF’s symbols, without addr2line')
    .option(...jsonOption('one JSON value a crash'))
    .option(...QUIET_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  npx esprig decode --elf build/app.elf reports/latest/serial.log\n  npx esprig monitor --rig bench-1 --timeout 60 | npx esprig decode --elf build/app.elf',
    )
    .action((log: string | undefined, options: DecodeOptions) => decode(log, options));
}

function decode(log: string | undefined, options: DecodeOptions): void {
  const out = outputFor(options);
  const elf = readInput(options.elf);
  const symbols = parseElfSymbols(elf);
  if (options.image !== undefined) mustBelong(options.elf, elf, options.image, out);
  const text = Buffer.from(readInput(log === undefined || log === '-' ? STDIN : log)).toString('utf8');
  const lines = text.split(/\r?\n/).map(consoleLine);
  const parser = new PanicParser();
  const panics = [...lines.flatMap((line) => parser.feedLine(line)), ...parser.end()];
  if (panics.length === 0) out.result(`no crash in ${String(lines.length)} lines`);
  const resolve = resolverFor(options, symbols, out);
  for (const panic of panics) {
    const frames = framesOf(panic, resolve);
    out.value({ kind: panic.kind, text: describePanic(panic), frames });
    if (!out.json) print(panic, frames, out);
  }
}

/** The line as the board sent it, out of what esprig's commands and reports make of it. */
function consoleLine(line: string): string {
  if (line.startsWith('{"')) {
    const { text, data } = valueOf(line);
    const said = text ?? data;
    if (typeof said === 'string') return said;
  }
  const stamp = STAMPS.find((each) => each.test(line));
  return stamp === undefined ? line : line.replace(stamp, '');
}

/** What a line of `monitor --json` or `events --json` holds. */
function valueOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** @throws UsageError ESPRIG_USAGE_FILE */
function readInput(path: string | typeof STDIN): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new UsageError('ESPRIG_USAGE_FILE', `${String(path)} cannot be read: ${why}`, { cause: error });
  }
}

/**
 * The image carries the SHA-256 of the ELF that it was made from: lines from another build would be lies.
 * @throws UsageError ESPRIG_ELF_BAD
 */
function mustBelong(elfPath: string, elf: Uint8Array, imagePath: string, out: Output): void {
  const named = inspectImage(readInput(imagePath)).descriptor?.elfSha256;
  if (named === undefined || /^0*$/.test(named)) {
    out.line(`${imagePath} does not say which ELF it was made from; taking ${elfPath} on trust`);
    return;
  }
  const found = toHex(sha256Of(elf));
  if (found === named) return;
  throw new UsageError(
    'ESPRIG_ELF_BAD',
    `${elfPath} is not the ELF of ${imagePath}: its SHA-256 is ${found}, the image names ${named}`,
    { hint: 'Give the .elf of the very build that ran; a rebuild has other addresses.' },
  );
}

type Resolver = (addresses: readonly number[]) => readonly (readonly string[])[];

/** addr2line knows lines and inlined functions; where it is missing, the symbols still know functions. */
function resolverFor(options: DecodeOptions, symbols: readonly ElfSymbol[], out: Output): Resolver {
  const bySymbol: Resolver = (addresses) => addresses.map((addr) => [symbolAt(symbols, addr)]);
  if (options.symbolsOnly === true) return bySymbol;
  if (spawnSync(ADDR2LINE, ['--version'], { timeout: ADDR2LINE_LIMIT_MS }).error !== undefined) {
    out.line(`${ADDR2LINE} is not installed (Debian: binutils-xtensa-lx106): functions only, no lines`);
    return bySymbol;
  }
  return (addresses) => {
    const lines = addr2line(options.elf, addresses);
    return addresses.map((addr, index) => {
      const places = lines[index] ?? [];
      // Code without debug information, such as the SDK's libraries, still has symbols.
      return places.every((place) => place.startsWith('??')) ? [symbolAt(symbols, addr)] : places;
    });
  };
}

/** @throws EsprigError ESPRIG_TOOL_FAILED */
function addr2line(elf: string, addresses: readonly number[]): readonly (readonly string[])[] {
  const args = ['-e', elf, '-a', '-i', '-p', '-f', '-C', ...addresses.map(hex32)];
  const ended = spawnSync(ADDR2LINE, args, { encoding: 'utf8', timeout: ADDR2LINE_LIMIT_MS });
  if (ended.status !== 0) {
    const why = ended.error?.message ?? ended.stderr.trim();
    throw new EsprigError('ESPRIG_TOOL_FAILED', `${ADDR2LINE}: ${why}`, { blame: 'harness' });
  }
  const groups: string[][] = [];
  for (const line of ended.stdout.split('\n')) {
    const [, first] = /^0x[0-9a-f]+: (.*)$/.exec(line) ?? [];
    const [, outer] = /^ \(inlined by\) (.*)$/.exec(line) ?? [];
    if (first !== undefined) groups.push([first]);
    else if (outer !== undefined) groups.at(-1)?.push(outer);
  }
  return groups;
}

/** `uart_write+0x1c`; an address behind the end of every function is in none. */
function symbolAt(symbols: readonly ElfSymbol[], addr: number): string {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (symbols[middle]!.addr <= addr) low = middle + 1;
    else high = middle;
  }
  const symbol = symbols[low - 1];
  const delta = addr - (symbol?.addr ?? 0);
  if (symbol === undefined || delta >= Math.max(symbol.sizeBytes, LONGEST_UNSIZED_BYTES)) return '??';
  return delta === 0 ? symbol.name : `${symbol.name}+0x${delta.toString(16)}`;
}

/** Hand-written assembly has no sizes; further away than this it is another piece of code. */
const LONGEST_UNSIZED_BYTES = 0x1000;

function framesOf(panic: Panic, resolve: Resolver): readonly Frame[] {
  const asked = addressesOf(panic);
  const places = resolve(asked.map(({ addr }) => addr));
  return asked.map((frame, index) => ({ ...frame, places: places[index] ?? [] }));
}

function addressesOf(panic: Panic): readonly { readonly what: string; readonly addr: number }[] {
  switch (panic.kind) {
    case 'guru': {
      const named = ['PC', 'A0'].flatMap((what) => {
        const addr = panic.registers.get(what);
        return addr === undefined || addr === 0 ? [] : [{ what, addr }];
      });
      // The walk begins with the registers; what they say already is not said again.
      const known = new Set(named.map(({ addr }) => addr));
      return [...named, ...walked(panic.backtrace.filter(({ pc }) => !known.has(pc)))];
    }
    case 'rom-fatal':
      return [{ what: 'epc1', addr: panic.epc1 }];
    case 'abort':
    case 'error-check':
      return [{ what: 'PC', addr: panic.pc }];
    case 'stack-overflow':
      return walked(panic.backtrace);
    case 'assert':
      return [];
  }
}

function walked(backtrace: readonly BacktraceFrame[]): readonly { what: string; addr: number }[] {
  return backtrace.map(({ pc }, index) => ({ what: `#${String(index)}`, addr: pc }));
}

function print(panic: Panic, frames: readonly Frame[], out: Output): void {
  out.result(describePanic(panic));
  for (const { what, addr, places } of frames) {
    const [first = '??', ...outer] = places;
    out.result(`  ${what.padEnd(5)} ${hex32(addr)}  ${first}`);
    for (const place of outer) out.result(`${' '.repeat(20)}in ${place}`);
  }
}
