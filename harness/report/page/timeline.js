/* global document, window, ResizeObserver */
import { h } from './dom.js';
import { firstNotBefore } from './data.js';
import { duration, moment, niceStep } from './words.js';

const LABEL_PX = 64;
const LANE_PX = 30;
const HEAD_PX = 22;
const AXIS_PX = 24;
const HIT_PX = 6;
const SHORTEST_VIEW_MS = 0.05;

/**
 * Lanes of marks over one time axis, drawn on a canvas so that hundreds of thousands stay quick. Drag = zoom into the
 * range, Ctrl + wheel = zoom, wheel sideways = move, double click = all; keys: + - ← → 0, n and p for the next mark.
 * @param {import('./data.js').Chunk} chunk
 * @param {{ lanes: string[], phases: { name: string, atMs: number, elapsedMs: number }[], onPick: (ms: number) => void }} options
 */
export function drawTimeline(chunk, options) {
  const lanes = lanesOf(chunk, options.lanes);
  const spanMs = Math.max(chunk.toMs - chunk.fromMs, chunk.at.at(-1) ?? 0, 1);
  const all = { fromMs: -spanMs * 0.01, toMs: spanMs * 1.01 };
  let view = { ...all };
  let picked = -1;
  /** @type {{ fromX: number, toX: number } | undefined} */
  let drag;
  const canvas = h('canvas', {
    class: 'timeline-canvas',
    tabindex: 0,
    role: 'img',
    'aria-label': `Timeline over ${duration(spanMs)}: ${lanes.map((lane) => `${lane.places.length} ${lane.name}`).join(', ')}. Keys: plus and minus zoom, arrows move, n and p go from mark to mark.`,
  });
  const height = HEAD_PX + lanes.length * LANE_PX + AXIS_PX;
  canvas.style.height = `${height}px`;
  const tip = h('div', { class: 'timeline-tip', hidden: true });
  const detail = h('div', { class: 'timeline-detail', 'aria-live': 'polite' });
  const hint = h('span', { class: 'quiet' }, 'drag to zoom, double click for all, click a mark for details');
  const button = (/** @type {string} */ label, /** @type {string} */ title, /** @type {() => void} */ act) =>
    h('button', { type: 'button', class: 'small', title, 'aria-label': title, onclick: act }, label);
  const root = h(
    'div',
    { class: 'timeline' },
    h(
      'div',
      { class: 'toolbar' },
      button('+', 'zoom in', () => zoom(0.5)),
      button('−', 'zoom out', () => zoom(2)),
      button('all', 'show all', () => show(all)),
      hint,
    ),
    h('div', { class: 'timeline-area' }, canvas, tip),
    detail,
  );

  const widthPx = () => canvas.clientWidth || 800;
  const pxPerMs = () => (widthPx() - LABEL_PX) / (view.toMs - view.fromMs);
  const xOf = (/** @type {number} */ ms) => LABEL_PX + (ms - view.fromMs) * pxPerMs();
  const msOf = (/** @type {number} */ x) => view.fromMs + (x - LABEL_PX) / pxPerMs();

  /** @param {{ fromMs: number, toMs: number }} next */
  function show(next) {
    const lengthMs = Math.min(Math.max(next.toMs - next.fromMs, SHORTEST_VIEW_MS), all.toMs - all.fromMs);
    const fromMs = Math.min(Math.max(next.fromMs, all.fromMs), all.toMs - lengthMs);
    view = { fromMs, toMs: fromMs + lengthMs };
    schedule();
  }

  /**
   * @param {number} factor below 1 = nearer
   * @param {number} [aroundMs]
   */
  function zoom(factor, aroundMs = (view.fromMs + view.toMs) / 2) {
    show({
      fromMs: aroundMs - (aroundMs - view.fromMs) * factor,
      toMs: aroundMs + (view.toMs - aroundMs) * factor,
    });
  }

  /** @param {number} place @returns {[begin: number, end: number]} */
  function spanOf(place) {
    const at = chunk.at[place] ?? 0;
    const other = at + (chunk.lengthMs[place] ?? 0);
    return at < other ? [at, other] : [other, at];
  }

  let isScheduled = false;
  function schedule() {
    if (isScheduled) return;
    isScheduled = true;
    window.requestAnimationFrame(() => {
      isScheduled = false;
      draw();
    });
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = widthPx();
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const paper = canvas.getContext('2d');
    if (paper === null) return;
    paper.scale(ratio, ratio);
    const colours = coloursOf(canvas);
    paper.font = `11px ${colours.font}`;
    paper.textBaseline = 'middle';
    drawPhases(paper, width, colours);
    drawAxis(paper, width, colours);
    lanes.forEach((lane, row) => drawLane(paper, lane, row, width, colours));
    if (drag !== undefined) {
      paper.fillStyle = colours.select;
      const left = Math.min(drag.fromX, drag.toX);
      paper.fillRect(left, HEAD_PX, Math.abs(drag.toX - drag.fromX), lanes.length * LANE_PX);
    }
  }

  /** @type {(paper: CanvasRenderingContext2D, width: number, colours: Record<string, any>) => void} */
  function drawPhases(paper, width, colours) {
    let nameEndX = 0;
    options.phases.forEach((phase, index) => {
      const fromX = Math.max(LABEL_PX, xOf(phase.atMs - chunk.fromMs));
      const toX = Math.min(width, xOf(phase.atMs + phase.elapsedMs - chunk.fromMs));
      if (toX <= fromX) return;
      paper.fillStyle = index % 2 === 0 ? colours.band : colours.bandOdd;
      paper.fillRect(fromX, 0, toX - fromX, height - AXIS_PX);
      paper.fillStyle = colours.soft;
      // One may begin within another: then the later name has to wait for its place.
      const nameX = Math.max(fromX + 5, nameEndX + 8);
      const nameWidth = paper.measureText(phase.name).width;
      if (nameX + nameWidth > toX) return;
      paper.fillText(phase.name, nameX, HEAD_PX / 2);
      nameEndX = nameX + nameWidth;
    });
  }

  /** @type {(paper: CanvasRenderingContext2D, width: number, colours: Record<string, any>) => void} */
  function drawAxis(paper, width, colours) {
    const step = niceStep(view.toMs - view.fromMs, (width - LABEL_PX) / 110);
    const bottom = height - AXIS_PX;
    for (let ms = Math.ceil(view.fromMs / step) * step; ms <= view.toMs; ms += step) {
      const x = Math.round(xOf(ms)) + 0.5;
      if (x < LABEL_PX) continue;
      paper.strokeStyle = colours.grid;
      paper.beginPath();
      paper.moveTo(x, HEAD_PX);
      paper.lineTo(x, bottom + 4);
      paper.stroke();
      paper.fillStyle = colours.soft;
      const text = moment(ms, step);
      const halfPx = paper.measureText(text).width / 2;
      paper.fillText(text, Math.min(Math.max(x - halfPx, LABEL_PX), width - 2 * halfPx - 2), bottom + 14);
    }
  }

  /** @type {(paper: CanvasRenderingContext2D, lane: ReturnType<typeof lanesOf>[number], row: number, width: number, colours: Record<string, any>) => void} */
  function drawLane(paper, lane, row, width, colours) {
    const top = HEAD_PX + row * LANE_PX;
    paper.strokeStyle = colours.grid;
    paper.beginPath();
    paper.moveTo(0, top + LANE_PX + 0.5);
    paper.lineTo(width, top + LANE_PX + 0.5);
    paper.stroke();
    paper.fillStyle = colours.text;
    paper.fillText(lane.name, 6, top + LANE_PX / 2);
    const colour = colours[lane.name] ?? colours.text;
    paper.fillStyle = colour;
    paper.globalAlpha = 0.35;
    for (const place of lane.bars) {
      const [begin, end] = spanOf(place);
      const fromX = Math.max(LABEL_PX, xOf(begin));
      const toX = Math.min(width, xOf(end));
      if (toX > fromX) paper.fillRect(fromX, top + 8, toX - fromX, LANE_PX - 16);
    }
    paper.globalAlpha = 1;
    drawMarks(paper, lane, top, width);
    if (picked >= 0 && lane.places.includes(picked)) {
      paper.strokeStyle = colours.text;
      const x = Math.round(xOf(chunk.at[picked] ?? 0));
      paper.strokeRect(x - 3.5, top + 3.5, 7, LANE_PX - 7);
    }
  }

  /**
   * One bar for each column of pixels, the fuller the higher: the work depends on the width, not on the number of marks.
   * @type {(paper: CanvasRenderingContext2D, lane: ReturnType<typeof lanesOf>[number], top: number, width: number) => void}
   */
  function drawMarks(paper, lane, top, width) {
    const begin = firstNotBefore(lane.times, view.fromMs);
    const end = firstNotBefore(lane.times, view.toMs);
    /** @type {Map<number, number>} */
    const columns = new Map();
    if (end - begin < 20_000) {
      for (let index = begin; index < end; index++) {
        const x = Math.round(xOf(lane.times[index] ?? 0));
        columns.set(x, (columns.get(x) ?? 0) + 1);
      }
    } else {
      let before = begin;
      for (let x = LABEL_PX; x < width; x++) {
        const until = firstNotBefore(lane.times, msOf(x + 1));
        if (until > before) columns.set(x, until - before);
        before = until;
      }
    }
    for (const [x, count] of columns) {
      if (x < LABEL_PX || x > width) continue;
      const high = Math.min(LANE_PX - 8, 9 + 3 * Math.log2(count));
      paper.fillRect(x - 1, top + (LANE_PX - high) / 2, 2, high);
    }
  }

  /**
   * The mark nearest to a point, if one is near.
   * @param {number} x
   * @param {number} y
   */
  function placeAt(x, y) {
    const lane = lanes[Math.floor((y - HEAD_PX) / LANE_PX)];
    if (lane === undefined || x < LABEL_PX) return -1;
    const next = firstNotBefore(lane.times, msOf(x));
    const [near] = [next - 1, next]
      .filter((index) => index >= 0 && index < lane.times.length)
      .map((index) => ({ index, offPx: Math.abs(xOf(lane.times[index] ?? 0) - x) }))
      .sort((a, b) => a.offPx - b.offPx);
    if (near !== undefined && near.offPx <= HIT_PX) return lane.places[near.index] ?? -1;
    const bar = lane.bars.find((place) => {
      const [begin, end] = spanOf(place);
      return xOf(begin) <= x && x <= xOf(end);
    });
    return bar ?? -1;
  }

  /** @param {number} place */
  function wordsFor(place) {
    const lane = options.lanes[chunk.lane[place] ?? 0] ?? '';
    const name = chunk.names[chunk.name[place] ?? 0] ?? '';
    return { lane, name, text: chunk.text[place] ?? '', at: chunk.at[place] ?? 0 };
  }

  /** @param {number} place */
  function pick(place) {
    picked = place;
    schedule();
    if (place < 0) return detail.replaceChildren();
    const { lane, name, text, at } = wordsFor(place);
    detail.replaceChildren(
      h(
        'div',
        { class: 'picked' },
        h('b', {}, moment(at, 0.001)),
        h('span', { class: `lane-name lane-${lane}` }, lane),
        h('span', {}, name),
        h('code', {}, text),
        chunk.detail[place] !== undefined && h('code', { class: 'quiet' }, chunk.detail[place] ?? ''),
      ),
    );
    options.onPick(at);
  }

  /** @param {number} direction */
  function pickNext(direction) {
    const count = chunk.at.length;
    const from = picked >= 0 ? picked : direction > 0 ? firstNotBefore(chunk.at, view.fromMs) - 1 : count;
    const place = Math.min(Math.max(from + direction, 0), count - 1);
    const at = chunk.at[place] ?? 0;
    if (at < view.fromMs || at > view.toMs) {
      const half = (view.toMs - view.fromMs) / 2;
      show({ fromMs: at - half, toMs: at + half });
    }
    pick(place);
  }

  canvas.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0 || event.offsetX < LABEL_PX) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { fromX: event.offsetX, toX: event.offsetX };
  });
  canvas.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => {
    if (drag !== undefined) {
      drag.toX = Math.max(LABEL_PX, event.offsetX);
      tip.hidden = true;
      return schedule();
    }
    const place = placeAt(event.offsetX, event.offsetY);
    tip.hidden = place < 0;
    canvas.style.cursor = place < 0 ? '' : 'pointer';
    if (place < 0) return;
    const { lane, name, text, at } = wordsFor(place);
    tip.textContent = `${moment(at, 0.1)}  ${lane}  ${text === '' ? name : text}`.slice(0, 300);
    tip.style.left = `${Math.min(event.offsetX + 12, widthPx() - 260)}px`;
    tip.style.top = `${event.offsetY + 14}px`;
  });
  canvas.addEventListener('pointerup', (/** @type {PointerEvent} */ event) => {
    if (drag === undefined) return;
    const { fromX, toX } = drag;
    drag = undefined;
    if (Math.abs(toX - fromX) < 4) pick(placeAt(event.offsetX, event.offsetY));
    else show({ fromMs: msOf(Math.min(fromX, toX)), toMs: msOf(Math.max(fromX, toX)) });
  });
  canvas.addEventListener('pointercancel', () => {
    drag = undefined;
    schedule();
  });
  canvas.addEventListener('pointerleave', () => (tip.hidden = true));
  canvas.addEventListener('dblclick', () => show(all));
  canvas.addEventListener(
    'wheel',
    (/** @type {WheelEvent} */ event) => {
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      // A plain wheel scrolls the page: nobody wants to be caught by a drawing.
      if (!event.ctrlKey && !event.metaKey && !isSideways) return;
      event.preventDefault();
      if (!isSideways) return zoom(event.deltaY > 0 ? 1.25 : 0.8, msOf(event.offsetX));
      const deltaMs = (event.deltaX || event.deltaY) / pxPerMs();
      show({ fromMs: view.fromMs + deltaMs, toMs: view.toMs + deltaMs });
    },
    { passive: false },
  );
  canvas.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const quarter = (view.toMs - view.fromMs) / 4;
    /** @type {Record<string, () => void>} */
    const acts = {
      '+': () => zoom(0.5),
      '=': () => zoom(0.5),
      '-': () => zoom(2),
      0: () => show(all),
      ArrowLeft: () => show({ fromMs: view.fromMs - quarter, toMs: view.toMs - quarter }),
      ArrowRight: () => show({ fromMs: view.fromMs + quarter, toMs: view.toMs + quarter }),
      n: () => pickNext(1),
      p: () => pickNext(-1),
    };
    const act = acts[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  new ResizeObserver(schedule).observe(canvas);
  document.addEventListener('esprig-theme', schedule);
  return root;
}

/**
 * The lanes that have something in them, each with its marks by time.
 * @param {import('./data.js').Chunk} chunk
 * @param {string[]} names
 */
function lanesOf(chunk, names) {
  const lanes = names.map((name) => ({
    name,
    places: /** @type {number[]} */ ([]),
    bars: /** @type {number[]} */ ([]),
  }));
  chunk.lane.forEach((index, place) => {
    lanes[index]?.places.push(place);
    if (chunk.lengthMs[place] !== undefined) lanes[index]?.bars.push(place);
  });
  return lanes
    .filter(({ places }) => places.length > 0)
    .map((lane) => ({ ...lane, times: Float64Array.from(lane.places, (place) => chunk.at[place] ?? 0) }));
}

/**
 * Colours of the page's theme: the canvas cannot use the style sheet itself.
 * @param {Element} element
 * @returns {Record<string, any>}
 */
function coloursOf(element) {
  const style = window.getComputedStyle(element);
  const names = ['text', 'soft', 'grid', 'band', 'bandOdd', 'select', 'step', 'serial', 'sse', 'http'];
  names.push('flash', 'reset', 'power', 'air', 'rig', 'font');
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--tl-${name}`).trim()]));
}
