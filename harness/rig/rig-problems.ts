/** What is wrong with a rig file, in words: what stands there, and what to write in its place. */
import type { z } from 'zod';
import { nearest } from './nearest';
import { rigJsonSchema } from './rig-schema';

export type RigPath = readonly (string | number)[];

export interface RigProblem {
  readonly path: RigPath;
  /** The place is the key itself, not what stands behind it. */
  readonly atKey?: boolean;
  /** Key that was meant, where one was mistyped. */
  readonly meant?: RigPath;
  readonly text: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** A node of the JSON Schema, as far as messages need it. */
interface SchemaNode {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** Keys that people write and that are refused for a reason. */
const REFUSED_KEYS: Readonly<Record<string, string>> = {
  passphrase:
    'secrets never stand in a rig file; write passphraseEnv: and the name of an environment variable',
  password: 'secrets never stand in a rig file; write passphraseEnv: and the name of an environment variable',
  psk: 'secrets never stand in a rig file; write passphraseEnv: and the name of an environment variable',
  token:
    'secrets never stand in a rig file; write dut: { tokenEnv: NAME } with the name of an environment variable',
};

/** The problems that zod found, in our words. `value` is what was checked. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], value: unknown): readonly RigProblem[] {
  const root = rigJsonSchema() as SchemaNode;
  const problems = issues.flatMap((issue) => problemsOfIssue(issue, [], value, root));
  // A key that is missing because it is mistyped has been told of.
  const mistyped = new Set(problems.flatMap(({ meant }) => (meant === undefined ? [] : [dotted(meant)])));
  return problems.filter(({ path, atKey }) => atKey === true || !mistyped.has(dotted(path)));
}

function problemsOfIssue(
  issue: z.core.$ZodIssue,
  before: RigPath,
  value: unknown,
  root: SchemaNode,
): readonly RigProblem[] {
  const path: RigPath = [...before, ...(issue.path as (string | number)[])];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, root));
  if (issue.code === 'invalid_union') {
    const branch = meantBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => problemsOfIssue(inner, path, value, root));
  }
  const found = valueAt(value, path);
  const node = nodeAt(root, path);
  if (found === undefined) return [missing(path, node)];
  return [wrong(path, found, node, issue)];
}

/** Of several shapes the one whose outer form fits: the mistake is inside of it. */
function meantBranch(
  branches: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  const isInside = (issue: z.core.$ZodIssue): boolean =>
    issue.path.length > 0 || issue.code === 'unrecognized_keys';
  const fitting = branches.filter((branch) => branch.every(isInside));
  return [...fitting].sort((a, b) => a.length - b.length)[0];
}

function unknownKey(path: RigPath, key: string, root: SchemaNode): RigProblem {
  const known = Object.keys(objectNode(nodeAt(root, path))?.properties ?? {});
  const at = { path: [...path, key], atKey: true };
  const place = path.length === 0 ? 'a rig file has' : `${dotted(path)} has`;
  const text = `${place} no key '${key}'`;
  const refused = REFUSED_KEYS[key];
  if (refused !== undefined) return { ...at, text, remedy: refused };
  const meant = nearest(key, known);
  if (meant !== undefined) return { ...at, text, meant: [...path, meant], remedy: `write ${meant}:` };
  const elsewhere = sectionWith(key, root);
  if (elsewhere !== undefined) return { ...at, text, remedy: `${key}: belongs into ${elsewhere}:` };
  return { ...at, text, remedy: `the keys here are ${known.join(', ')}` };
}

/** The section that has a key which was written elsewhere. */
function sectionWith(key: string, root: SchemaNode): string | undefined {
  const sections = Object.entries(root.properties ?? {});
  return sections.find(([, node]) => Object.hasOwn(objectNode(node)?.properties ?? {}, key))?.[0];
}

function missing(path: RigPath, node: SchemaNode | undefined): RigProblem {
  const about = node?.description === undefined ? '' : ` (${lowerFirst(node.description)})`;
  return {
    path,
    text: `${dotted(path)} is missing${about}`,
    remedy: `write ${exampleLine(path, node)}`,
  };
}

function wrong(
  path: RigPath,
  found: unknown,
  node: SchemaNode | undefined,
  issue: z.core.$ZodIssue,
): RigProblem {
  const text = `${dotted(path)} is ${shown(found)}`;
  const known = enumOf(node);
  if (known.length > 0 && isPlain(found)) {
    const meant = nearest(String(found), known);
    const list = `one of ${known.join(', ')}`;
    return { path, text, remedy: meant === undefined ? `write ${list}` : `write ${meant} (${list})` };
  }
  const said = issue.code === 'invalid_format' ? `${issue.message}; ` : '';
  const range =
    node?.minimum === undefined || node.maximum === undefined || node.maximum > 2 ** 40
      ? ''
      : `a whole number from ${node.minimum} to ${node.maximum} is wanted; `;
  return { path, text, remedy: `${said || range}write ${exampleLine(path, node)}` };
}

function enumOf(node: SchemaNode | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.enum !== undefined) return node.enum.map(String);
  return (node.anyOf ?? []).flatMap((branch) => enumOf(branch));
}

function objectNode(node: SchemaNode | undefined): SchemaNode | undefined {
  if (node?.properties !== undefined) return node;
  return node?.anyOf?.map((branch) => objectNode(branch)).find((branch) => branch !== undefined);
}

function nodeAt(root: SchemaNode, path: RigPath): SchemaNode | undefined {
  let nodes: readonly SchemaNode[] = [root];
  for (const part of path) {
    nodes = nodes.flatMap(branches).flatMap((node) => {
      if (typeof part === 'number') return node.items === undefined ? [] : [node.items];
      const named = node.properties?.[part];
      if (named !== undefined) return [named];
      return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
    });
  }
  return nodes[0];
}

function branches(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf === undefined ? [node] : [node, ...node.anyOf.flatMap(branches)];
}

function valueAt(value: unknown, path: RigPath): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[part];
  }
  return here;
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** `board.mac`, `can[1]`. */
export function dotted(path: RigPath): string {
  if (path.length === 0) return 'the file';
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

function exampleLine(path: RigPath, node: SchemaNode | undefined): string {
  const key = path.at(-1);
  const example = node?.examples?.[0];
  const text = example === undefined ? '…' : flow(example);
  return typeof key === 'string' ? `${key}: ${text}` : `- ${text}`;
}

/** A value as YAML on one line. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const rows = Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`);
    return `{ ${rows.join(', ')} }`;
  }
  // Colons and the like would make something else of it.
  return typeof value === 'string' && /^[A-Za-z_/][\w./-]*$/.test(value) ? value : JSON.stringify(value);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value === null) return 'empty';
  if (typeof value === 'object') return 'a section';
  return typeof value === 'string' ? `'${value}'` : `the ${typeof value} ${JSON.stringify(value)}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
