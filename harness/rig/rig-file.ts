import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isMap, isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { UsageError } from '../core/errors';
import { contradictionsIn } from './rig-checks';
import { problemsOf, type RigPath, type RigProblem } from './rig-problems';
import { rigSchema, type RigDescription } from './rig-schema';

/** A rig file that was read and makes sense. */
export interface RigFile {
  readonly file: string;
  readonly description: RigDescription;
}

/** Longer ones are no rig files. */
const MAX_FILE_BYTES = 64 * 1024;
/** Complaints about what is no YAML: behind the first ones come consequences, of another kind of file hundreds. */
const MOST_BROKEN = 3;

/**
 * Reads a rig file.
 * @throws UsageError ESPRIG_USAGE_FILE; ESPRIG_RIG_FILE_INVALID with file, line, column and what to write instead
 */
export function readRigFile(file: string): RigFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError('ESPRIG_USAGE_FILE', `rig file ${file}: ${(error as Error).message}`, {
      cause: error,
      hint: '`npx esprig rigs` lists the rigs that there are.',
    });
  }
  return parseRigFile(text, file);
}

/**
 * The same of a text.
 * @throws UsageError ESPRIG_RIG_FILE_INVALID
 */
export function parseRigFile(text: string, file: string): RigFile {
  if (text.length > MAX_FILE_BYTES) {
    throw invalid(file, [
      { line: 1, column: 1, text: 'the file is too long for a rig file', remedy: 'see rigs/README.md' },
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const broken = [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { line, column: col, ...syntaxWords(error.code, error.message) };
  });
  if (broken.length > 0) throw invalid(file, broken, MOST_BROKEN);
  const value: unknown = document.toJS();
  if (!isMap(document.contents)) {
    const remedy = 'begin with name: and kind:; rigs/example-bench.yaml is a whole one';
    throw invalid(file, [{ line: 1, column: 1, text: 'a rig file is a map of keys', remedy }]);
  }
  const place = (problem: RigProblem): Placed => ({ ...problem, ...positionOf(problem, document, lines) });
  const checked = rigSchema.safeParse(value);
  if (!checked.success) throw invalid(file, problemsOf(checked.error.issues, value).map(place));
  const contradictions = contradictionsIn(checked.data, basename(file).replace(/\.ya?ml$/, ''));
  if (contradictions.length > 0) throw invalid(file, contradictions.map(place));
  return { file, description: checked.data };
}

interface Placed {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly remedy: string;
}

function invalid(file: string, problems: readonly Placed[], most = problems.length): UsageError {
  const inOrder = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const lines = inOrder.map(
    ({ line, column, text, remedy }) => `${file}:${line}:${column}: ${text}; ${remedy}`,
  );
  const [first, ...rest] = lines.slice(0, most) as [string, ...string[]];
  if (lines.length > most) rest.push(`… ${String(lines.length - most)} more`);
  return new UsageError('ESPRIG_RIG_FILE_INVALID', first, {
    hint: 'rigs/rig.schema.json describes every key; editors that know YAML schemas complete them.',
    evidence: rest.length === 0 ? [] : [{ title: 'and', lines: rest }],
  });
}

/** Where a person has to write: the value, the key, or for what is missing the section it is missing in. */
function positionOf(
  { path, atKey }: RigProblem,
  document: Document.Parsed,
  lines: LineCounter,
): { readonly line: number; readonly column: number } {
  const offset = offsetOf(path, atKey === true, document);
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function offsetOf(path: RigPath, atKey: boolean, document: Document.Parsed): number {
  for (let length = path.length; length > 0; length--) {
    const here = path.slice(0, length);
    const key = keyOffset(here, document);
    // Of what is missing, the key of the section tells better where to look than its content does.
    if (atKey || length < path.length) {
      if (key !== undefined) return key;
    }
    const node: unknown = document.getIn(here, true);
    if (isNode(node) && node.range) return node.range[0];
    if (key !== undefined) return key;
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyOffset(path: RigPath, document: Document.Parsed): number | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isNode(key) && (key.toJSON() as unknown) === path.at(-1));
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}

/** YAML's own complaints in words for people who did not come to learn YAML. */
function syntaxWords(code: string, message: string): { readonly text: string; readonly remedy: string } {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { text: 'a tab at the beginning of a line', remedy: 'indent with blanks' };
    case 'DUPLICATE_KEY':
      return { text: 'a key that stands here twice', remedy: 'keep one of them' };
    case 'BAD_INDENT':
      return { text: 'this line is not indented as its neighbours', remedy: 'align it with the line above' };
    case 'MISSING_CHAR':
      return { text: lower(message), remedy: 'close what was opened: a quote, ] or }' };
    default:
      return {
        text: `not YAML: ${lower(message)}`,
        remedy: 'write key: value, one a line, or quote the value',
      };
  }
}

function lower(message: string): string {
  const [first = ''] = withoutSource(message).split('\n');
  return first.charAt(0).toLowerCase() + first.slice(1);
}

/** The file may be another one than was meant, with secrets in it: what stands there is not said. */
function withoutSource(message: string): string {
  return message.replaceAll(/"(?:[^"\\]|\\.)*"/g, '"…"').replace(/^(Unresolved [^:]*: ).*/s, '$1…');
}
