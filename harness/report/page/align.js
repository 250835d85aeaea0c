/**
 * @typedef {object} LogLine
 * @property {number} at milliseconds
 * @property {string} text
 *
 * @typedef {'same' | 'cut' | 'lost' | 'before' | 'extra' | 'moved' | 'dropped'} PairKind
 * same: on both sides; cut: the stream's line ends early, marked with …; lost: on the console, while a stream was open,
 * and not in it; before: on the console while no stream was open; extra: in the stream only; moved: in the stream, out
 * of order or twice; dropped: the device says that lines are missing
 *
 * @typedef {object} Pair
 * @property {PairKind} kind
 * @property {LogLine} [left] the console's line
 * @property {LogLine} [right] the stream's line
 */

/** A line that recurs later than this is another one, not the same line after a long gap. */
const WINDOW_LINES = 500;
const DROPPED = /^… \d+ lines? dropped$/;

/**
 * Puts the lines of the console (the truth) beside those of the event stream.
 * @param {readonly LogLine[]} left
 * @param {readonly LogLine[]} right
 * @returns {Pair[]}
 */
export function alignLogs(left, right) {
  const places = placesByText(left);
  /** @type {Pair[]} */
  const pairs = [];
  const [firstMs, lastMs] = [right[0]?.at ?? Infinity, right.at(-1)?.at ?? -Infinity];
  let next = 0;
  let hasBegun = false;
  const passOver = (/** @type {number} */ until) => {
    for (; next < until; next++) {
      const line = left[next];
      if (line === undefined) return;
      const wasOpen = right.length > 0 && line.at >= firstMs && line.at <= lastMs;
      pairs.push({ kind: wasOpen ? 'lost' : 'before', left: line });
    }
  };
  for (const line of right) {
    const text = line.text.trimEnd();
    if (DROPPED.test(text)) {
      pairs.push({ kind: 'dropped', right: line });
      continue;
    }
    // The first line of a stream may come after any number of lines that nobody listened to.
    const limit = hasBegun ? WINDOW_LINES : Infinity;
    const whole = firstFrom(places.get(text), next);
    const cut = whole === undefined && text.endsWith('…') ? placeOfCut(left, text, next) : undefined;
    const place = whole ?? cut;
    if (place === undefined || place - next > limit) {
      pairs.push({ kind: places.has(text) ? 'moved' : 'extra', right: line });
      continue;
    }
    passOver(place);
    hasBegun = true;
    pairs.push({ kind: whole === undefined ? 'cut' : 'same', left: left[place], right: line });
    next = place + 1;
  }
  passOver(left.length);
  return pairs;
}

/**
 * Each list is walked once: `from` only grows.
 * @param {{ places: number[], at: number } | undefined} list
 * @param {number} from
 */
function firstFrom(list, from) {
  if (list === undefined) return undefined;
  while ((list.places[list.at] ?? Infinity) < from) list.at += 1;
  return list.places[list.at];
}

/** @param {readonly LogLine[]} lines */
function placesByText(lines) {
  /** @type {Map<string, { places: number[], at: number }>} */
  const places = new Map();
  lines.forEach((line, place) => {
    const text = line.text.trimEnd();
    const list = places.get(text);
    if (list === undefined) places.set(text, { places: [place], at: 0 });
    else list.places.push(place);
  });
  return places;
}

/**
 * @param {readonly LogLine[]} lines
 * @param {string} text ends in …
 * @param {number} from
 */
function placeOfCut(lines, text, from) {
  const begin = text.slice(0, -1);
  for (let place = from; place < Math.min(lines.length, from + WINDOW_LINES); place++) {
    if (lines[place]?.text.startsWith(begin)) return place;
  }
  return undefined;
}
