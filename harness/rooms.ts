import { posix } from 'node:path';
import ts from 'typescript';

/** One room of rooms.json. */
export interface RoomRule {
  readonly mayImport: readonly string[];
  readonly packages: readonly string[];
  readonly testsMayImport?: readonly string[];
  readonly is: string;
}

export interface RoomPlan {
  readonly rooms: Readonly<Record<string, RoomRule>>;
  readonly cases: RoomRule;
}

/** One import that breaks a rule: where, which rule, and what to do about it. */
export interface Violation {
  readonly file: string;
  readonly imports: string;
  readonly rule: string;
  readonly remedy: string;
}

interface Edge {
  readonly file: string;
  /** As written: `../core/errors`, `node:fs`. */
  readonly specifier: string;
  /** For an own file: its path from the project's root, without extension. */
  readonly target: string | undefined;
}

/** Everything a file imports: static, type-only, re-exported, dynamic and required. */
export function importsOf(source: string): readonly string[] {
  return ts.preProcessFile(source, true, true).importedFiles.map((row) => row.fileName);
}

/** Tests and what only tests use. They may use any package, and no other file may use them. */
export function isTestFile(path: string): boolean {
  return /\.test\.ts$|\.contract(\.ts)?$|(^|\/)testkit\/|\.test$/.test(path);
}

/** `harness/port/x.ts` → `port`; files that lie in harness itself belong to no room. */
export function roomOf(path: string): string | undefined {
  const [top, room, ...rest] = path.split('/');
  if (top === 'cases') return 'cases';
  return top === 'harness' && rest.length > 0 ? room : undefined;
}

/** All broken rules in a set of files, given by path from the project's root and text. */
export function findViolations(files: ReadonlyMap<string, string>, plan: RoomPlan): readonly Violation[] {
  const edges = [...files].flatMap(([file, source]) =>
    importsOf(source).map((specifier): Edge => ({ file, specifier, target: targetOf(file, specifier) })),
  );
  const unknown = [...new Set([...files.keys()].map(roomOf))].filter(
    (room) => room !== undefined && room !== 'cases' && plan.rooms[room] === undefined,
  );
  return [
    ...unknown.map((room): Violation => ({
      file: `harness/${room ?? ''}/`,
      imports: '',
      rule: 'every folder of harness/ is a room of harness/rooms.json',
      remedy: 'Put the files into a room that exists, or write the new room and its rule down there.',
    })),
    ...edges.flatMap((edge) => check(edge, plan)),
    ...findCycles(edges),
  ];
}

function targetOf(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.normalize(posix.join(posix.dirname(file), specifier)).replace(/\.(ts|cjs|json)$/, '');
  // A folder is its index.
  return path === 'harness' ? 'harness/index' : path;
}

function check(edge: Edge, plan: RoomPlan): readonly Violation[] {
  const room = roomOf(edge.file);
  const rule = room === 'cases' ? plan.cases : room === undefined ? undefined : plan.rooms[room];
  if (room === undefined || rule === undefined) return [];
  const fail = (text: string, remedy: string): readonly Violation[] => [
    { file: edge.file, imports: edge.specifier, rule: text, remedy },
  ];
  const fromTest = isTestFile(edge.file);

  if (edge.target === undefined) {
    const exempt = fromTest && room !== 'cases';
    if (exempt || rule.packages.some((pattern) => matches(edge.specifier, pattern))) return [];
    return fail(
      `${room} uses ${rule.packages.length === 0 ? 'no package and no node module' : rule.packages.join(', ')}`,
      room === 'cases'
        ? 'Say what the case needs to do in harness/index.ts, and import that.'
        : 'Take what is needed as an argument, and let a room that may use the package hand it in.',
    );
  }

  if (!edge.target.startsWith('harness/') && !edge.target.startsWith('cases/')) {
    return fail(`${room} imports nothing from outside harness/`, 'Move what is shared into a room.');
  }
  const targetRoom = roomOf(edge.target);
  if (targetRoom === room) {
    if (fromTest || room === 'cases' || !isTestFile(edge.target)) return [];
    return fail('only tests use test files and testkits', 'Move what both need out of the testkit.');
  }
  if (room === 'cases') {
    if (rule.mayImport.includes(edge.target)) return [];
    return fail('cases/ imports harness/index only', 'Export what the case needs from harness/index.ts.');
  }
  const allowed = [...rule.mayImport, ...(fromTest ? (rule.testsMayImport ?? []) : [])];
  if (targetRoom !== undefined && allowed.includes(targetRoom)) {
    if (fromTest || !isTestFile(edge.target)) return [];
    return fail('only tests use test files and testkits', 'Move what both need out of the testkit.');
  }
  return fail(
    `${room} imports ${allowed.length === 0 ? 'no other room' : `only ${allowed.join(', ')}`}`,
    `Move the code to a room above both, pass it in as an argument, or move the shared part down to ${
      rule.mayImport[0] ?? 'a room that both may import'
    }.`,
  );
}

function matches(specifier: string, pattern: string): boolean {
  return pattern.endsWith('*') ? specifier.startsWith(pattern.slice(0, -1)) : specifier === pattern;
}

/** Loops between rooms, as the code has them (rooms.json itself could have one). Tests make no edges here. */
function findCycles(edges: readonly Edge[]): readonly Violation[] {
  const next = new Map<string, Map<string, Edge>>();
  for (const edge of edges) {
    const from = roomOf(edge.file);
    const to = edge.target === undefined ? undefined : roomOf(edge.target);
    if (from === undefined || to === undefined || from === to || isTestFile(edge.file)) continue;
    const row = next.get(from) ?? new Map<string, Edge>();
    if (!row.has(to)) row.set(to, edge);
    next.set(from, row);
  }

  const done = new Set<string>();
  const found: Violation[] = [];
  const walk = (room: string, path: readonly string[]): void => {
    if (path.includes(room)) {
      const loop = [...path.slice(path.indexOf(room)), room];
      const edge = next.get(path.at(-1) ?? '')?.get(room);
      found.push({
        file: edge?.file ?? '',
        imports: edge?.specifier ?? '',
        rule: `no loops between rooms: ${loop.join(' -> ')}`,
        remedy: 'Turn one of these imports round: let the upper room hand the thing down.',
      });
      return;
    }
    if (done.has(room)) return;
    for (const to of next.get(room)?.keys() ?? []) walk(to, [...path, room]);
    done.add(room);
  };
  for (const room of next.keys()) walk(room, []);
  return found;
}

/** One violation as a person should read it. */
export function describeViolation({ file, imports, rule, remedy }: Violation): string {
  return `${file}${imports === '' ? '' : ` imports '${imports}'`}\n  rule:   ${rule}\n  remedy: ${remedy}`;
}
