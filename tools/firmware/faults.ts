import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

/**
 * The faults of firmware/faults: each a small change of the firmware's source that brings a fault seen in the field into a
 * build, so that cases and probes can show that they notice it.
 */
const FIRMWARE = join(__dirname, '../../firmware');
const FAULTS = join(FIRMWARE, 'faults');
/** What a build with a fault may be made of; a fault changes nothing outside. */
const FAULTED_PARTS = ['components/sse_ota', 'app'] as const;
const NOT_COPIED = /(^|\/)(build|test_[^/]*|corpus)$/;

export interface FaultEdit {
  /** Below firmware/, with slashes. */
  readonly file: string;
  /** Whole lines, together as deep in the file as they may be: the indentation that all of them share does not count. */
  readonly find: string;
  /** Takes their place, at their indentation. */
  readonly replace: string;
}

export interface Fault {
  readonly name: string;
  readonly title: string;
  readonly seenIn: string;
  readonly inTheField: string;
  readonly expectedCases: string;
  readonly edits: readonly FaultEdit[];
  /** The probe (probes/index.ts) that notices it; none where only a device's own start shows it. */
  readonly probe?: string;
  /** Arguments of sse-ota-host for that probe. */
  readonly host: readonly string[];
  /** Why it cannot show on a host. */
  readonly notOnHost?: string;
  /** Which cases notice it: tools/prove. */
  readonly cases?: FaultCases;
  /** Why no case can notice it; the probe does. */
  readonly notByCases?: string;
}

/** Cases that are expected to fail with a fault. */
export interface FaultCases {
  /** Regular expression on the paths of case files. */
  readonly file: string;
  /** Regular expression on full titles. */
  readonly title?: string;
  /** Where the layout matters. */
  readonly rig: string;
}

const DEFAULT_RIG = 'virtual-1mb';
const TEXT_KEYS = ['title', 'seenIn', 'inTheField', 'expectedCases'] as const;
const KEYS: readonly string[] = [...TEXT_KEYS, 'edits', 'probe', 'host', 'notOnHost', 'cases', 'notByCases'];
const CASES_KEYS: readonly string[] = ['file', 'title', 'rig'];

/** Names of all faults, sorted. */
export function listFaults(folder: string = FAULTS): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** @throws Error that names the fault and what is wrong with its file */
export function readFault(name: string, folder: string = FAULTS): Fault {
  const known = listFaults(folder);
  if (!known.includes(name)) {
    throw new Error(`no fault "${name}" in firmware/faults; there are: ${known.join(', ')}`);
  }
  return parseFault(name, readFileSync(join(folder, name, 'fault.yaml'), 'utf8'));
}

/** @throws Error that says what is wrong with the manifest */
export function parseFault(name: string, yaml: string): Fault {
  const wrong = (what: string): never => {
    throw new Error(`fault ${name}: ${what}`);
  };
  const raw: unknown = parse(yaml);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return wrong('its file holds no keys');
  const fields = raw as Record<string, unknown>;
  for (const key of Object.keys(fields)) if (!KEYS.includes(key)) wrong(`unknown key ${key}`);
  const text = (key: string): string => {
    const value = fields[key];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : wrong(`${key} is no text`);
  };
  const optional = (key: string): string | undefined => (fields[key] === undefined ? undefined : text(key));
  const list = (key: string): readonly unknown[] => {
    const value = fields[key] ?? [];
    return Array.isArray(value) ? value : wrong(`${key} is no list`);
  };
  const edits = list('edits').map((value, at): FaultEdit => {
    const { file, find, replace } = (value ?? {}) as Record<string, unknown>;
    if (typeof file !== 'string' || typeof find !== 'string' || typeof replace !== 'string') {
      return wrong(`edit ${at + 1} has not file, find and replace as texts`);
    }
    if (file.includes('..') || !FAULTED_PARTS.some((part) => file.startsWith(`${part}/`))) {
      return wrong(`edit ${at + 1}: ${file} is in none of ${FAULTED_PARTS.join(', ')}`);
    }
    if (find.trim() === '') return wrong(`edit ${at + 1} looks for nothing`);
    return { file, find, replace };
  });
  if (edits.length === 0) wrong('it changes nothing');
  const probe = optional('probe');
  const notOnHost = optional('notOnHost');
  const cases = fields['cases'] === undefined ? undefined : casesOf(fields['cases'], wrong);
  const notByCases = optional('notByCases');
  if (cases !== undefined && notByCases !== undefined) wrong('cases and notByCases');
  if (probe === undefined && notOnHost === undefined) wrong('neither a probe nor notOnHost');
  const [title, seenIn, inTheField, expectedCases] = TEXT_KEYS.map(text) as [string, string, string, string];
  return {
    ...{ name, title, seenIn, inTheField, expectedCases, edits, host: list('host').map(String) },
    ...(probe !== undefined && { probe }),
    ...(notOnHost !== undefined && { notOnHost }),
    ...(cases !== undefined && { cases }),
    ...(notByCases !== undefined && { notByCases }),
  };
}

function casesOf(value: unknown, wrong: (what: string) => never): FaultCases {
  const fields = (value ?? {}) as Record<string, unknown>;
  const unknown = Object.keys(fields).find((key) => !CASES_KEYS.includes(key));
  if (typeof value !== 'object' || unknown !== undefined) return wrong(`cases holds not file, title and rig`);
  const { file, title, rig = DEFAULT_RIG } = fields;
  const texts = [file, title ?? '', rig];
  if (texts.some((text) => typeof text !== 'string') || file === '') wrong('cases names no file as a text');
  for (const text of [file, title ?? '']) {
    try {
      new RegExp(text as string);
    } catch {
      wrong(`cases: ${String(text)} is no regular expression`);
    }
  }
  return {
    file: file as string,
    rig: rig as string,
    ...(title !== undefined && { title: title as string }),
  };
}

/** The lines of a text without the empty one behind its last line end. */
function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Where `wanted` begins in `lines`, and how far it is further in there than in itself. */
function places(lines: readonly string[], wanted: readonly string[]): { at: number; indent: string }[] {
  const found: { at: number; indent: string }[] = [];
  for (let at = 0; at + wanted.length <= lines.length; at += 1) {
    const first = lines[at]!;
    if (!first.endsWith(wanted[0]!)) continue;
    const indent = first.slice(0, first.length - wanted[0]!.length);
    if (indent.trim() !== '') continue;
    if (wanted.every((line, i) => lines[at + i] === (line === '' ? '' : indent + line)))
      found.push({ at, indent });
  }
  return found;
}

/** The text with one edit done. @throws Error when what it looks for does not stand there exactly once */
export function applyEdit(text: string, edit: FaultEdit, name: string): string {
  const lines = linesOf(text);
  const wanted = linesOf(edit.find);
  const found = places(lines, wanted);
  if (found.length !== 1) {
    const where = found.map(({ at }) => at + 1).join(', ');
    throw new Error(
      `fault ${name}: ${edit.file} holds "${wanted[0]!.trim()}"${wanted.length > 1 ? ' and what follows it' : ''} ` +
        (found.length === 0 ? 'nowhere: has the source changed?' : `in lines ${where}: once is wanted`),
    );
  }
  const { at, indent } = found[0]!;
  const replacement = linesOf(edit.replace).map((line) => (line === '' ? '' : indent + line));
  return [...lines.slice(0, at), ...replacement, ...lines.slice(at + wanted.length), ''].join('\n');
}

/**
 * What the fault makes of the firmware's files: path below firmware/ (with slashes) → new text.
 * @throws Error when an edit does not fit
 */
export function faultedFiles(fault: Fault, firmware: string = FIRMWARE): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const edit of fault.edits) {
    const text = files.get(edit.file) ?? readFileSync(join(firmware, edit.file), 'utf8');
    files.set(edit.file, applyEdit(text, edit, fault.name));
  }
  return files;
}

/**
 * Copies component and app into `destination` (which gets components/sse_ota and app) with the fault in them; answers the
 * files that differ. Without a fault it is a plain copy.
 * @throws Error when an edit does not fit; then nothing was copied
 */
export function copyWithFault(fault: Fault | undefined, destination: string): readonly string[] {
  const files = fault === undefined ? new Map<string, string>() : faultedFiles(fault);
  for (const part of FAULTED_PARTS) {
    const to = join(destination, part);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(FIRMWARE, part), to, {
      recursive: true,
      filter: (source) => !NOT_COPIED.test(source.slice(FIRMWARE.length)),
    });
  }
  for (const [file, text] of files) writeFileSync(join(destination, file), text);
  return [...files.keys()];
}
