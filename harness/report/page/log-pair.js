/* global window, ResizeObserver */
import { h } from './dom.js';
import { alignLogs } from './align.js';
import { moment } from './words.js';

const ROW_PX = 21;
const SPARE_ROWS = 12;
/** Narrower, and there is no room for two lines beside each other: they stand one over the other. */
const STACKED_BELOW_PX = 760;

/** @type {Record<import('./align.js').PairKind, { word: string, means: string }>} */
const KINDS = {
  same: { word: '', means: 'the same on both sides' },
  before: { word: '', means: 'no event stream was open' },
  cut: { word: 'cut', means: 'streamed with its end cut off, and marked so' },
  lost: { word: 'lost', means: 'on the console, not in the open stream' },
  extra: { word: 'extra', means: 'in the stream, not on the console' },
  moved: { word: 'moved', means: 'in the stream out of order, or twice' },
  dropped: { word: 'dropped', means: 'the device says that it dropped lines here' },
};

/**
 * What is drawn as one row: both lines of a pair, or where they are stacked one of them.
 * @typedef {{ pair: import('./align.js').Pair, side?: 'console' | 'stream' }} Row
 */

/**
 * The console beside the log that the device streamed, line for line. Only the rows in view exist.
 * @param {import('./data.js').Chunk} chunk
 * @returns {{ root: any, showAt: (ms: number) => void }}
 */
export function drawLogs(chunk) {
  const line = (/** @type {number} */ place) => ({
    at: chunk.at[place] ?? 0,
    text: chunk.text[place] ?? '',
  });
  const pairs = alignLogs(chunk.console.map(line), chunk.stream.map(line));
  const isPaired = chunk.stream.length > 0;
  const differing = pairs.filter(({ kind }) => kind !== 'same' && kind !== 'before');
  let shown = pairs;
  /** @type {Row[]} */
  let lines = [];
  let isStacked = false;
  let markedMs = -1;
  const rows = h('div', { class: 'log-rows' });
  const space = h('div', { class: 'log-space' }, rows);
  const scroller = h(
    'div',
    {
      class: `log ${isPaired ? 'paired' : 'single'}`,
      tabindex: 0,
      role: 'log',
      'aria-live': 'off',
      'aria-label': isPaired ? 'console and streamed log' : 'console',
      onscroll: () => draw(),
    },
    space,
  );
  const count = h('span', { class: 'quiet', role: 'status' });
  const search = h('input', {
    type: 'search',
    placeholder: 'find in the log',
    'aria-label': 'find in the log',
  });
  const only = h('input', { type: 'checkbox' });
  search.addEventListener('input', choose);
  only.addEventListener('change', choose);

  function choose() {
    const wanted = search.value.toLowerCase();
    shown = (only.checked ? differing : pairs).filter(
      ({ left, right }) =>
        wanted === '' ||
        left?.text.toLowerCase().includes(wanted) === true ||
        right?.text.toLowerCase().includes(wanted) === true,
    );
    layOut();
    scroller.scrollTop = 0;
    draw();
  }

  function layOut() {
    lines = shown.flatMap((pair) => (isStacked ? sidesOf(pair) : [{ pair }]));
    root.classList.toggle('stacked', isStacked);
    scroller.classList.toggle('stacked', isStacked);
  }

  function draw() {
    const wantsStack = isPaired && root.clientWidth > 0 && root.clientWidth < STACKED_BELOW_PX;
    if (wantsStack !== isStacked) {
      isStacked = wantsStack;
      layOut();
    }
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW_PX) - SPARE_ROWS);
    const fits = Math.ceil((scroller.clientHeight || 400) / ROW_PX) + 2 * SPARE_ROWS;
    space.style.height = `${Math.max(lines.length, 1) * ROW_PX}px`;
    rows.style.top = `${first * ROW_PX}px`;
    rows.replaceChildren(...lines.slice(first, first + fits).map(row));
    count.textContent = `${shown.length} of ${pairs.length} lines`;
  }

  /** @param {Row} row */
  function row({ pair, side }) {
    const { kind, left, right } = pair;
    const at = timeOf(pair);
    const isMarked = markedMs >= 0 && Math.abs(at - markedMs) < 0.5;
    const props = {
      class: `log-row is-${kind}${isMarked ? ' is-marked' : ''}${side === undefined ? '' : ` of-${side}`}`,
      title: KINDS[kind].means,
    };
    if (side === 'stream') {
      return h(
        'div',
        props,
        h('span', { class: 'log-kind' }, KINDS[kind].word || 'stream'),
        h('span', { class: 'log-text' }, right?.text ?? ''),
      );
    }
    return h(
      'div',
      props,
      h('span', { class: 'log-time' }, moment(at)),
      h('span', { class: 'log-text' }, left?.text ?? ''),
      // Stacked, it stands before the line of the stream, unless there is none.
      isPaired &&
        (side === undefined || (right === undefined && KINDS[kind].word !== '')) &&
        h('span', { class: 'log-kind' }, KINDS[kind].word),
      isPaired && side === undefined && h('span', { class: 'log-text' }, right?.text ?? ''),
    );
  }

  new ResizeObserver(() => draw()).observe(scroller);
  const root = h(
    'div',
    {},
    h(
      'div',
      { class: 'toolbar' },
      search,
      isPaired && h('label', {}, only, ` only what differs (${differing.length})`),
      count,
    ),
    isPaired &&
      h(
        'div',
        { class: 'log-head', 'aria-hidden': true },
        h('span', {}, 'time'),
        h('span', {}, `console (${chunk.console.length})`),
        h('span', {}, ''),
        h('span', {}, `event stream (${chunk.stream.length})`),
      ),
    scroller,
  );
  layOut();
  window.requestAnimationFrame(() => draw());
  return {
    root,
    showAt: (ms) => {
      const index = lines.findIndex(({ pair }) => timeOf(pair) >= ms - 0.5);
      const line = lines[index];
      if (line === undefined) return;
      markedMs = timeOf(line.pair);
      scroller.scrollTop = Math.max(0, index * ROW_PX - scroller.clientHeight / 2);
      draw();
    },
  };
}

/** @param {import('./align.js').Pair} pair */
function timeOf({ left, right }) {
  return left?.at ?? right?.at ?? 0;
}

/**
 * @param {import('./align.js').Pair} pair
 * @returns {Row[]}
 */
function sidesOf(pair) {
  return [
    ...(pair.left === undefined ? [] : [{ pair, side: /** @type {const} */ ('console') }]),
    ...(pair.right === undefined ? [] : [{ pair, side: /** @type {const} */ ('stream') }]),
  ];
}
