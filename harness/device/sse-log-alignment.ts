import { matchInOrder, type Pair } from './sse-log-match';
import { ELLIPSIS, plainText, withinLimit } from './sse-log-text';

/** A line of the console; `TimedLine` has this shape. */
export interface ConsoleLine {
  readonly text: string;
  /** Broken by a change of the rate: nobody knows what it was, so nothing is held against it. */
  readonly isCut?: boolean;
}

/** A log event; `LogLine` has this shape. */
export interface LogEvent {
  readonly text: string;
  readonly droppedLines?: number | undefined;
}

export interface AlignmentOptions {
  /** Longer lines must end in `…`. Default: the contract's 200; `false` for firmware that cuts without a word. */
  readonly limitBytes?: number | false;
  /** Console lines before the first and behind the last match count as lost, too. Default: they were not listened to. */
  readonly isWhole?: boolean;
}

export type LogFinding =
  /** On the console, not in the stream, and no event says so. */
  | { readonly kind: 'lost'; readonly consoleIndex: number; readonly text: string }
  /** Came at another place than on the console. */
  | {
      readonly kind: 'reordered';
      readonly consoleIndex: number;
      readonly eventIndex: number;
      readonly text: string;
    }
  /** Came again. */
  | { readonly kind: 'duplicated'; readonly eventIndex: number; readonly text: string }
  /** Only a part of the line came, not in the way the contract allows. */
  | {
      readonly kind: 'cut';
      readonly consoleIndex: number;
      readonly eventIndex: number;
      readonly text: string;
      readonly wanted: string;
    }
  /** Was never on the console. */
  | { readonly kind: 'foreign'; readonly eventIndex: number; readonly text: string }
  /** More lines are said to be dropped than are missing. */
  | {
      readonly kind: 'overstated';
      readonly eventIndex: number;
      readonly saidLines: number;
      readonly missingLines: number;
      readonly text: string;
    };

export interface LogAlignment {
  /** Console line and event, in order; shortened and cut ones are among them. */
  readonly pairs: readonly { readonly consoleIndex: number; readonly eventIndex: number }[];
  /** By their place in the stream. Empty: what was heard is what was said. */
  readonly findings: readonly LogFinding[];
  /** Lines that ended in `…` as the contract has it. */
  readonly shortenedLines: number;
  /** Lines that the device itself said were dropped. */
  readonly announcedLines: number;
  /** Console lines before the first and behind the last match. */
  readonly beforeLines: number;
  readonly afterLines: number;
}

const DEFAULT_LIMIT_BYTES = 200;
/** Beginnings shorter than this belong to too many lines to tell whose they are. */
const SHORTEST_BEGINNING = 6;
const MAX_CANDIDATES = 64;

/** A console line as far as it can be told apart, and where it stood. */
interface Side {
  readonly texts: readonly string[];
  readonly indices: readonly number[];
}

/**
 * Lays the log events of a stream beside the console's lines. The console is the truth. Give it the events of one
 * connection: between two connections lines are missing by right.
 */
export function alignLogs(
  consoleLines: readonly ConsoleLine[],
  events: readonly LogEvent[],
  options: AlignmentOptions = {},
): LogAlignment {
  const { limitBytes = DEFAULT_LIMIT_BYTES, isWhole = false } = options;
  const said = sideOf(consoleLines, ({ isCut }) => isCut !== true, plainText);
  const heard = sideOf(
    events,
    ({ droppedLines }) => droppedLines === undefined,
    (text) => text,
  );
  const wantedOf = (text: string): string => (limitBytes === false ? text : withinLimit(text, limitBytes));
  const classOf = classify(said.texts, heard.texts, wantedOf);
  const matched = matchInOrder(said.texts.map(classOf), heard.texts.map(classOf)).filter(([a, b]) =>
    isPart(said.texts[a]!, heard.texts[b]!),
  );
  const work = new Findings(said, heard, wantedOf, matched);
  work.takeElsewhere(classOf);
  work.judgePairs();
  return work.result(events, isWhole);
}

function sideOf<T extends { readonly text: string }>(
  lines: readonly T[],
  counts: (line: T) => boolean,
  textOf: (text: string) => string,
): Side {
  const indices = [...lines.keys()].filter((index) => counts(lines[index]!));
  return { indices, texts: indices.map((index) => textOf(lines[index]!.text)) };
}

/**
 * Numbers for texts such that equal texts have the same, and a text that is the beginning of a console line has the
 * number of that line.
 */
function classify(
  said: readonly string[],
  heard: readonly string[],
  wantedOf: (text: string) => string,
): (text: string) => number {
  const classes = new Map<string, number>();
  const numberOf = (text: string): number => {
    const known = classes.get(text);
    if (known !== undefined) return known;
    classes.set(text, classes.size);
    return classes.size - 1;
  };
  const distinct = new Set(said);
  const byBeginning = new Map<string, string[]>();
  for (const text of distinct) {
    const beginning = text.slice(0, SHORTEST_BEGINNING);
    const others = byBeginning.get(beginning);
    if (others === undefined) byBeginning.set(beginning, [text]);
    else others.push(text);
  }
  const parents: number[] = [];
  const rootOf = (number: number): number => {
    let root = number;
    for (let next = parents[root] ?? root; next !== root; next = parents[root] ?? root) {
      // Every second step becomes shorter, so that long chains do not last.
      parents[root] = parents[next] ?? next;
      root = parents[root]!;
    }
    return root;
  };
  // A line over the limit comes as its allowed form: that is the same line.
  for (const text of distinct) {
    const wanted = wantedOf(text);
    if (wanted !== text) parents[rootOf(numberOf(wanted))] = rootOf(numberOf(text));
  }
  const known = new Set(classes.keys());
  const allHeard = new Set(heard);
  for (const text of allHeard) {
    if (distinct.has(text) || known.has(text)) continue;
    const beginning = withoutEllipsis(text);
    if (beginning.length < SHORTEST_BEGINNING) continue;
    const begun = (byBeginning.get(beginning.slice(0, SHORTEST_BEGINNING)) ?? []).filter((line) =>
      line.startsWith(beginning),
    );
    // Lines that came whole are hardly meant; where all did, the first has to do.
    const missed = begun.filter((line) => !allHeard.has(line) && !allHeard.has(wantedOf(line)));
    const meant = missed.length > 0 ? missed.slice(0, MAX_CANDIDATES) : begun.slice(0, 1);
    for (const line of meant) parents[rootOf(numberOf(line))] = rootOf(numberOf(text));
  }
  return (text) => rootOf(numberOf(text));
}

function withoutEllipsis(text: string): string {
  return text.endsWith(ELLIPSIS) ? text.slice(0, -ELLIPSIS.length) : text;
}

/** Whether what was heard is the line or its beginning. */
function isPart(said: string, heard: string): boolean {
  return said === heard || said.startsWith(withoutEllipsis(heard));
}

class Findings {
  readonly #said: Side;
  readonly #heard: Side;
  readonly #wantedOf: (text: string) => string;
  readonly #pairs: readonly Pair[];
  readonly #saidTaken: boolean[];
  readonly #heardTaken: boolean[];
  readonly #found: { readonly eventPlace: number; readonly finding: LogFinding }[] = [];
  #shortenedLines = 0;

  constructor(said: Side, heard: Side, wantedOf: (text: string) => string, pairs: readonly Pair[]) {
    this.#said = said;
    this.#heard = heard;
    this.#wantedOf = wantedOf;
    this.#pairs = pairs;
    this.#saidTaken = said.texts.map(() => false);
    this.#heardTaken = heard.texts.map(() => false);
    for (const [a, b] of pairs) {
      this.#saidTaken[a] = true;
      this.#heardTaken[b] = true;
    }
  }

  /** Events without a match: a line that stands elsewhere, one that came before, or none of the console's. */
  takeElsewhere(classOf: (text: string) => number): void {
    const free = new Map<number, number[]>();
    const all = new Set<number>();
    for (const [a, text] of this.#said.texts.entries()) {
      const number = classOf(text);
      all.add(number);
      if (this.#saidTaken[a] === true) continue;
      const others = free.get(number);
      if (others === undefined) free.set(number, [a]);
      else others.push(a);
    }
    for (const list of free.values()) list.reverse();
    for (const [b, text] of this.#heard.texts.entries()) {
      if (this.#heardTaken[b] === true) continue;
      const eventIndex = this.#heard.indices[b]!;
      const number = classOf(text);
      const list = free.get(number);
      const a = list?.at(-1);
      if (a !== undefined && isPart(this.#said.texts[a]!, text)) {
        list!.pop();
        this.#saidTaken[a] = true;
        this.#add(eventIndex, { kind: 'reordered', consoleIndex: this.#said.indices[a]!, eventIndex, text });
        this.#judge(a, b);
      } else this.#add(eventIndex, { kind: all.has(number) ? 'duplicated' : 'foreign', eventIndex, text });
    }
  }

  /** Pairs whose event is not what the line should have become. */
  judgePairs(): void {
    for (const [a, b] of this.#pairs) this.#judge(a, b);
  }

  #judge(a: number, b: number): void {
    const said = this.#said.texts[a]!;
    const text = this.#heard.texts[b]!;
    const wanted = this.#wantedOf(said);
    if (text === said || text === wanted) {
      if (text !== said) this.#shortenedLines += 1;
      return;
    }
    const eventIndex = this.#heard.indices[b]!;
    this.#add(eventIndex, { kind: 'cut', consoleIndex: this.#said.indices[a]!, eventIndex, text, wanted });
  }

  result(events: readonly LogEvent[], isWhole: boolean): LogAlignment {
    const { indices } = this.#said;
    const first = this.#pairs[0]?.[0] ?? indices.length;
    const last = this.#pairs.at(-1)?.[0] ?? -1;
    const announcedLines = this.#countLost(events, isWhole ? 0 : first, isWhole ? indices.length : last + 1);
    this.#found.sort((x, y) => x.eventPlace - y.eventPlace);
    return {
      pairs: this.#pairs.map(([a, b]) => ({
        consoleIndex: indices[a]!,
        eventIndex: this.#heard.indices[b]!,
      })),
      findings: this.#found.map(({ finding }) => finding),
      shortenedLines: this.#shortenedLines,
      announcedLines,
      beforeLines: first,
      afterLines: indices.length - Math.max(first, last + 1),
    };
  }

  /**
   * Goes through the stretches between two matches: what is missing there is lost, but for what markers in the same
   * stretch announce. At the stream's edges a marker may speak of lines that nobody listened to.
   */
  #countLost(events: readonly LogEvent[], from: number, to: number): number {
    const markers = [...events.keys()].filter((index) => events[index]!.droppedLines !== undefined);
    let announced = 0;
    let marker = 0;
    for (let gap = 0; gap <= this.#pairs.length; gap += 1) {
      const isEdge = gap === 0 || gap === this.#pairs.length;
      const startA = gap === 0 ? 0 : this.#pairs[gap - 1]![0] + 1;
      const endA = this.#pairs[gap]?.[0] ?? this.#said.texts.length;
      const nextB = this.#pairs[gap]?.[1];
      const endEvent = nextB === undefined ? events.length : this.#heard.indices[nextB]!;
      const missing: number[] = [];
      for (let a = startA; a < endA; a += 1) if (this.#saidTaken[a] !== true) missing.push(a);
      let left = missing.length;
      for (; marker < markers.length && markers[marker]! < endEvent; marker += 1) {
        const eventIndex = markers[marker]!;
        const { droppedLines: saidLines = 0, text } = events[eventIndex]!;
        const covered = Math.min(left, saidLines);
        announced += covered;
        left -= covered;
        if (covered < saidLines && !isEdge) {
          this.#add(eventIndex, { kind: 'overstated', eventIndex, saidLines, missingLines: covered, text });
        }
      }
      // Which of them the marker means is not to be known; the last ones are named.
      for (const a of missing.slice(missing.length - left)) {
        if (a < from || a >= to) continue;
        const consoleIndex = this.#said.indices[a]!;
        this.#add(endEvent - 0.5, { kind: 'lost', consoleIndex, text: this.#said.texts[a]! });
      }
    }
    return announced;
  }

  #add(eventPlace: number, finding: LogFinding): void {
    this.#found.push({ eventPlace, finding });
  }
}

/** A finding in a line, for messages. */
export function describeFinding(finding: LogFinding): string {
  const { text } = finding;
  switch (finding.kind) {
    case 'lost':
      return `lost: '${text}'`;
    case 'reordered':
      return `not at its place: '${text}'`;
    case 'duplicated':
      return `came twice: '${text}'`;
    case 'cut':
      return `cut: '${text}' of '${finding.wanted}'`;
    case 'foreign':
      return `never on the console: '${text}'`;
    case 'overstated':
      return `'${text}', but ${finding.missingLines} are missing`;
  }
}
