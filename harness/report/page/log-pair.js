/* global window, ResizeObserver */
import { h } from './dom.js';
import { alignLogs } from './align.js';
import { moment } from './words.js';

const ROW_PX = 21;
const SPARE_ROWS = 12;

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
    scroller.scrollTop = 0;
    draw();
  }

  function draw() {
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW_PX) - SPARE_ROWS);
    const fits = Math.ceil((scroller.clientHeight || 400) / ROW_PX) + 2 * SPARE_ROWS;
    space.style.height = `${Math.max(shown.length, 1) * ROW_PX}px`;
    rows.style.top = `${first * ROW_PX}px`;
    rows.replaceChildren(...shown.slice(first, first + fits).map(row));
    count.textContent = `${shown.length} of ${pairs.length} lines`;
  }

  /** @param {import('./align.js').Pair} pair */
  function row(pair) {
    const { kind, left, right } = pair;
    const at = left?.at ?? right?.at ?? 0;
    const isMarked = markedMs >= 0 && Math.abs(at - markedMs) < 0.5;
    return h(
      'div',
      { class: `log-row is-${kind}${isMarked ? ' is-marked' : ''}`, title: KINDS[kind].means },
      h('span', { class: 'log-time' }, moment(at)),
      h('span', { class: 'log-text' }, left?.text ?? ''),
      isPaired && h('span', { class: 'log-kind' }, KINDS[kind].word),
      isPaired && h('span', { class: 'log-text' }, right?.text ?? ''),
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
  window.requestAnimationFrame(() => draw());
  return {
    root,
    showAt: (ms) => {
      const index = shown.findIndex(({ left, right }) => (left?.at ?? right?.at ?? 0) >= ms - 0.5);
      if (index < 0) return;
      markedMs = shown[index]?.left?.at ?? shown[index]?.right?.at ?? -1;
      scroller.scrollTop = Math.max(0, index * ROW_PX - scroller.clientHeight / 2);
      draw();
    },
  };
}
