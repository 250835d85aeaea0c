/**
 * The two changes of ESP8266_RTOS_SDK that firmware/sdk-patches holds as data: found by content, judged, made and undone in
 * a text. The rules are those of firmware/sdk-patches/README.md. Pure: text in, verdict and new text out; texts hold one
 * character a byte (latin1), so that nothing is lost whatever a file is encoded in.
 */
import { ProtocolError } from '../core/errors';
import {
  essence,
  indentationOf,
  isEmptyLine,
  joinLines,
  placesOf,
  sectionsOf,
  splitLines,
  type SectionRange,
  type TextLine,
} from './sdk-patch-text';

export interface WrapEdit {
  readonly op: 'wrap';
  readonly lines: readonly string[];
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** How much further in `lines` go. */
  readonly indent: string;
}

export interface MoveEdit {
  readonly op: 'move';
  readonly lines: readonly string[];
  /** `after`: the line behind which they stand there, an empty line apart. */
  readonly from: { readonly section: string; readonly after: string };
  readonly to: { readonly section: string; readonly after: string };
}

export interface SdkPatch {
  readonly name: string;
  /** Below the SDK's top folder, with slashes. */
  readonly file: string;
  readonly text: string;
  readonly neededFor: string;
  readonly edit: WrapEdit | MoveEdit;
  readonly example: { readonly missing: readonly string[]; readonly applied: readonly string[] };
}

export type SdkPatchState = 'applied' | 'missing' | 'partly' | 'unknown';

export interface SdkPatchVerdict {
  readonly state: SdkPatchState;
  /** Line, counted from 1, of where it stands or what is in its way; none where nothing was found. */
  readonly line?: number;
  readonly detail: string;
}

/** Lines that stand in any file mean nothing by themselves. */
const COMMONPLACE = /^(else|endif)\(\)$/;

/** @throws ProtocolError ESPRIG_INTERNAL when the data are none */
export function parseSdkPatches(json: string): readonly SdkPatch[] {
  const wrong = (what: string): never => {
    throw new ProtocolError('ESPRIG_INTERNAL', `the data of the SDK patches: ${what}`, { blame: 'harness' });
  };
  const raw = JSON.parse(json) as { format?: unknown; patches?: unknown };
  if (raw.format !== 2 || !Array.isArray(raw.patches)) return wrong('another format than 2');
  return raw.patches.map((each: unknown) => {
    const patch = each as SdkPatch;
    const { op } = patch.edit as { op: string };
    if (op !== 'wrap' && op !== 'move') wrong(`${patch.name} has an edit "${op}"`);
    if (/^\/|\\|\.\./.test(patch.file)) wrong(`${patch.name} has a file outside of the SDK`);
    return patch;
  });
}

/** What a file holds of a patch. */
export function judgeSdkPatch(patch: SdkPatch, text: string): SdkPatchVerdict {
  const lines = splitLines(text);
  const { edit } = patch;
  const found = edit.op === 'wrap' ? findWrap(lines, edit) : findMove(lines, edit);
  const { state, at, detail } = found;
  return { state, detail, ...(at !== undefined && { line: at + 1 }) };
}

/**
 * The text with the patch in it.
 * @throws ProtocolError ESPRIG_SDK_TEXT unless it is missing
 */
export function applySdkPatch(patch: SdkPatch, text: string): string {
  const lines = splitLines(text);
  const { edit } = patch;
  if (edit.op === 'wrap') {
    const found = findWrap(lines, edit);
    return joinLines(wrapped(lines, edit, required(patch, found, 'missing')));
  }
  const found = findMove(lines, edit);
  const at = required(patch, found, 'missing');
  return joinLines(moved(lines, at, edit.lines.length, found.target! + 1));
}

/**
 * The text without the patch, as it was or as it would have been.
 * @throws ProtocolError ESPRIG_SDK_TEXT unless it is applied, or when nothing tells where its lines belong
 */
export function undoSdkPatch(patch: SdkPatch, text: string): string {
  const lines = splitLines(text);
  const { edit } = patch;
  if (edit.op === 'wrap') {
    const at = required(patch, findWrap(lines, edit), 'applied');
    return joinLines(unwrapped(lines, edit, at));
  }
  const at = required(patch, findMove(lines, edit), 'applied');
  const home = anchorIn(lines, edit.from);
  if (home === undefined) {
    const what = `no single "${edit.from.after}" in ${edit.from.section}`;
    throw refused(patch, { state: 'applied', detail: `${what}: it is not clear where the lines belong` });
  }
  // The empty line that the SDK has there stays in front.
  const behind = home + 1 < lines.length && isEmptyLine(lines[home + 1]!) ? home + 2 : home + 1;
  return joinLines(moved(lines, at, edit.lines.length, behind));
}

interface Found {
  readonly state: SdkPatchState;
  readonly detail: string;
  readonly at?: number;
  /** Of a move: the line behind which the lines go. */
  readonly target?: number;
}

function required(patch: SdkPatch, found: Found, state: SdkPatchState): number {
  if (found.state !== state || found.at === undefined) throw refused(patch, found);
  return found.at;
}

function refused(patch: SdkPatch, { state, detail, at }: Found): ProtocolError {
  const where = at === undefined ? patch.file : `${patch.file}:${at + 1}`;
  return new ProtocolError('ESPRIG_SDK_TEXT', `${where}: ${patch.name} is ${state}: ${detail}`);
}

function findWrap(lines: readonly TextLine[], edit: WrapEdit): Found {
  const whole = placesOf(lines, [...edit.before, ...edit.lines, ...edit.after]);
  const bare = placesOf(lines, edit.lines);
  const [first, second] = whole;
  if (first !== undefined) {
    // `lines` inside the applied form are that form's.
    if (second !== undefined) return { state: 'partly', at: second, detail: 'it stands there twice' };
    const extra = bare.find((at) => at !== first + edit.before.length);
    if (extra === undefined) return { state: 'applied', at: first, detail: 'as it should be' };
    return { state: 'partly', at: extra, detail: 'the lines that it replaces stand there a second time' };
  }
  const marks = [...edit.before, ...edit.after].filter((line) => !COMMONPLACE.test(essence(line)));
  const mark = firstOf(lines, marks);
  if (mark !== undefined) {
    return {
      state: 'partly',
      at: mark,
      detail: 'a part of the change stands there, not in the form that is known',
    };
  }
  if (bare.length > 1) {
    return { state: 'unknown', at: bare[1]!, detail: `its lines stand there ${bare.length} times` };
  }
  if (bare.length === 1)
    return { state: 'missing', at: bare[0]!, detail: 'the lines that it changes stand there' };
  const single = firstOf(lines, edit.lines);
  return single === undefined
    ? { state: 'unknown', detail: 'the lines that it changes do not stand there' }
    : {
        state: 'unknown',
        at: single,
        detail: 'only some of the lines that it changes stand there, or not together',
      };
}

function firstOf(lines: readonly TextLine[], wanted: readonly string[]): number | undefined {
  const essences = wanted.map(essence);
  const at = lines.findIndex((line) => essences.includes(essence(line.text)));
  return at < 0 ? undefined : at;
}

function wrapped(lines: readonly TextLine[], edit: WrapEdit, at: number): readonly TextLine[] {
  const first = lines[at]!;
  const indentation = indentationOf(first);
  const end = first.end === '' ? '\n' : first.end;
  const line = (text: string): TextLine => ({ text: indentation + text, end });
  const last = at + edit.lines.length;
  const inner = lines.slice(at, last).map(({ text }) => line(edit.indent + text.trim()));
  const after = edit.after.map(line);
  // A file that ended with its lines and no line end goes on ending so.
  if (lines[last - 1]!.end === '') after[after.length - 1] = { ...after[after.length - 1]!, end: '' };
  return [...lines.slice(0, at), ...edit.before.map(line), ...inner, ...after, ...lines.slice(last)];
}

function unwrapped(lines: readonly TextLine[], edit: WrapEdit, at: number): readonly TextLine[] {
  const indentation = indentationOf(lines[at]!);
  const from = at + edit.before.length;
  const last = from + edit.lines.length;
  const inner = lines.slice(from, last).map(({ text, end }) => ({ text: indentation + text.trim(), end }));
  const behind = last + edit.after.length;
  inner[inner.length - 1] = { ...inner[inner.length - 1]!, end: lines[behind - 1]!.end };
  return [...lines.slice(0, at), ...inner, ...lines.slice(behind)];
}

/** The one line of that text in the one section of that name. */
function anchorIn(lines: readonly TextLine[], place: { section: string; after: string }): number | undefined {
  const sections = sectionsOf(lines, place.section);
  if (sections.length !== 1) return undefined;
  const { at, end } = sections[0]!;
  const found = placesOf(lines.slice(at, end), [place.after]);
  return found.length === 1 ? at + found[0]! : undefined;
}

const isIn = ({ at, end }: SectionRange, line: number): boolean => line > at && line < end;

function findMove(lines: readonly TextLine[], edit: MoveEdit): Found {
  const found = edit.lines.map((line) => placesOf(lines, [line]));
  const all = found.flat().sort((a, b) => a - b);
  const [first] = all;
  if (first === undefined) return { state: 'unknown', detail: 'the lines that it moves do not stand there' };
  const [to, otherTo] = sectionsOf(lines, edit.to.section);
  const [from, otherFrom] = sectionsOf(lines, edit.from.section);
  if (to === undefined || from === undefined || otherTo !== undefined || otherFrom !== undefined) {
    return { state: 'unknown', at: first, detail: `not one ${edit.to.section} and one ${edit.from.section}` };
  }
  const target = anchorIn(lines, edit.to);
  const isSingle = found.every((places) => places.length === 1);
  const isTogether = isSingle && found.every((places, i) => places[0] === first + i);
  const isAnyThere = all.some((at) => isIn(to, at));
  if (isTogether && isIn(from, first)) {
    return target === undefined
      ? { state: 'unknown', at: to.at, detail: `no single "${edit.to.after}" in ${edit.to.section}` }
      : { state: 'missing', at: first, target, detail: `its lines stand in ${edit.from.section}` };
  }
  if (isTogether && isIn(to, first) && target !== undefined && first > target) {
    const isBehind = lines.slice(target + 1, first).every(isEmptyLine);
    if (isBehind) return { state: 'applied', at: first, target, detail: 'as it should be' };
  }
  if (isTogether && isIn(to, first)) {
    return {
      state: 'partly',
      at: first,
      detail: `its lines are in ${edit.to.section}, but not the first there`,
    };
  }
  return isAnyThere
    ? { state: 'partly', at: first, detail: 'its lines stand in more than one place, or not together' }
    : {
        state: 'unknown',
        at: first,
        detail: `its lines stand neither as the SDK has them nor in ${edit.to.section}`,
      };
}

/** `count` lines from `at`, whole, to before line `to` (counted before anything moves). */
function moved(lines: readonly TextLine[], at: number, count: number, to: number): readonly TextLine[] {
  const taken = lines.slice(at, at + count);
  return to <= at
    ? [...lines.slice(0, to), ...taken, ...lines.slice(to, at), ...lines.slice(at + count)]
    : [...lines.slice(0, at), ...lines.slice(at + count, to), ...taken, ...lines.slice(to)];
}
