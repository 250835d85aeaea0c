import { svg, h } from './dom.js';
import { moment, niceStep } from './words.js';

const WIDTH = 760;
const HEIGHT = 210;
const LEFT = 44;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 30;
/** More points than pixels show nothing more. */
const MOST_POINTS = 1500;

/**
 * What the device told of its progress, and how much had been sent by then: percent over time.
 * @param {import('./data.js').Chunk} chunk
 */
export function drawProgress(chunk) {
  const told = chunk.progress.map(([place, percent, status]) => ({
    at: chunk.at[place] ?? 0,
    percent,
    status,
  }));
  const sent = thinned(chunk.sent.map(([place, percent]) => ({ at: chunk.at[place] ?? 0, percent })));
  const times = [...told, ...sent].map(({ at }) => at);
  const fromMs = Math.min(...times);
  const spanMs = Math.max(Math.max(...times) - fromMs, 1);
  const x = (/** @type {number} */ ms) => LEFT + ((ms - fromMs) / spanMs) * (WIDTH - LEFT - RIGHT);
  const y = (/** @type {number} */ percent) =>
    TOP + (1 - Math.min(Math.max(percent, 0), 100) / 100) * (HEIGHT - TOP - BOTTOM);
  const drawing = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    class: 'plot',
    role: 'img',
    'aria-label': `Progress: ${told.length} reports, the last ${told.at(-1)?.percent ?? 'none'} % ${told.at(-1)?.status ?? ''}; ${chunk.sent.length} points of bytes sent.`,
  });
  for (const percent of [0, 25, 50, 75, 100]) {
    drawing.append(
      svg('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y(percent), y2: y(percent), class: 'grid' }),
      svg('text', { x: LEFT - 8, y: y(percent) + 4, class: 'axis end' }, `${percent} %`),
    );
  }
  const step = niceStep(spanMs, 6);
  for (let ms = Math.ceil(fromMs / step) * step; ms <= fromMs + spanMs; ms += step) {
    drawing.append(
      svg('line', { x1: x(ms), x2: x(ms), y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 5, class: 'grid' }),
      svg('text', { x: x(ms), y: HEIGHT - BOTTOM + 19, class: 'axis middle' }, moment(ms, step)),
    );
  }
  if (sent.length > 0) {
    const points = sent.map(({ at, percent }) => `${x(at).toFixed(1)},${y(percent).toFixed(1)}`).join(' ');
    drawing.append(svg('polyline', { points, class: 'curve sent' }));
  }
  if (told.length > 0) {
    const shown = thinned(told);
    // A report holds until the next one: steps, not slopes.
    const path = shown.map(({ at, percent }, index) =>
      index === 0 ? `M${x(at)},${y(percent)}` : `H${x(at).toFixed(1)}V${y(percent).toFixed(1)}`,
    );
    drawing.append(svg('path', { d: path.join(''), class: 'curve told' }));
    shown.forEach(({ at, percent, status }, index) => {
      const falls = index > 0 && percent < (shown[index - 1]?.percent ?? 0);
      const isEnd = status === 'failed' || status === 'installed';
      const kind = status === 'failed' || falls ? 'bad' : isEnd ? 'good' : '';
      drawing.append(
        svg(
          'circle',
          { cx: x(at), cy: y(percent), r: isEnd || falls ? 5 : 2.5, class: `point ${kind}` },
          svg('title', {}, `${moment(at)}: ${percent} % ${status}${falls ? ' (fell)' : ''}`),
        ),
      );
    });
  }
  const legend = [
    told.length > 0 && h('span', { class: 'key told' }, `told by the device (${told.length})`),
    sent.length > 0 && h('span', { class: 'key sent' }, `sent to it (${chunk.sent.length})`),
  ];
  return h('div', {}, drawing, h('div', { class: 'legend' }, legend));
}

/**
 * @template T
 * @param {T[]} points
 * @returns {T[]} at most so many, the first and the last among them
 */
function thinned(points) {
  if (points.length <= MOST_POINTS) return points;
  const every = points.length / MOST_POINTS;
  return points.filter(
    (_point, index) =>
      Math.floor(index / every) !== Math.floor((index - 1) / every) || index === points.length - 1,
  );
}
