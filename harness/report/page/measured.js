import { h, svg } from './dom.js';
import { amount } from './words.js';

const SPARK_WIDTH = 168;
const SPARK_HEIGHT = 28;

/**
 * What was measured, beside what is usual.
 * @param {any} run
 */
export function drawMetrics(run) {
  const notes = run.trend?.notes ?? [];
  if (run.metrics.length === 0) return false;
  /** @type {Map<string, any[]>} */
  const byName = new Map();
  for (const metric of run.metrics) {
    const key = JSON.stringify([metric.name, metric.rig, metric.unit]);
    byName.set(key, [...(byName.get(key) ?? []), metric]);
  }
  const trends = new Map(
    (run.trend?.metrics ?? []).map((/** @type {any} */ trend) => [
      JSON.stringify([trend.name, trend.rig, trend.unit]),
      trend,
    ]),
  );
  const hasTrend = trends.size > 0;
  const rows = [...byName].map(([key, metrics]) => metricRow(metrics, trends.get(key), hasTrend));
  const titles = ['what', 'rig', 'in this run', ...(hasTrend ? ['usual', 'from run to run'] : [])];
  const classes = { rig: 'rig', 'in this run': 'number', usual: 'number' };
  return h(
    'section',
    { 'aria-labelledby': 'metrics-title' },
    h('h2', { id: 'metrics-title' }, 'Measured'),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        { class: `metrics${hasTrend ? ' has-trend' : ''}` },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            titles.map((title) =>
              h('th', { scope: 'col', class: classes[/** @type {keyof typeof classes} */ (title)] }, title),
            ),
          ),
        ),
        h('tbody', {}, rows),
      ),
    ),
    notes.map((/** @type {string} */ note) => h('p', { class: 'quiet small-print' }, note)),
  );
}

/** @type {(metrics: any[], trend: any, hasTrend: boolean) => any} */
function metricRow(metrics, trend, hasTrend) {
  const values = metrics.map(({ value }) => value).sort((a, b) => a - b);
  const [{ name, rig, unit }] = metrics;
  const middle = values.length >> 1;
  const median = values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  const share = trend === undefined || trend.median === 0 ? undefined : trend.now / trend.median - 1;
  return h(
    'tr',
    {},
    // A narrow window has no column for the rig.
    h('th', { scope: 'row' }, name, rig !== '' && h('span', { class: 'on-rig' }, ` ${rig}`)),
    h('td', { class: 'rig' }, rig),
    h(
      'td',
      { class: 'number now' },
      trend?.change !== undefined &&
        share !== undefined &&
        h(
          'span',
          { class: `shift is-${trend.change}`, title: `${trend.change} than usual` },
          `${share > 0 ? '+' : '−'}${Math.abs(share * 100).toFixed(0)} % `,
        ),
      h('b', {}, amount(median, unit)),
      values.length > 1 &&
        h('span', { class: 'range' }, ` ${spread(values[0], values.at(-1), unit, values.length, 'times')}`),
    ),
    hasTrend && [
      h(
        'td',
        { class: 'number usual' },
        trend !== undefined && [
          amount(trend.median, unit),
          ' ',
          h('span', { class: 'range' }, spread(trend.low, trend.high, unit, trend.points.length, 'runs')),
        ],
      ),
      h('td', { class: 'course' }, trend !== undefined && drawSpark(trend)),
    ],
  );
}

/**
 * Between what values lie, and how many there are; those that are all the same need no range.
 * @type {(low: number, high: number, unit: string, count: number, words: string) => string}
 */
function spread(low, high, unit, count, words) {
  if (low !== high) return `${amount(low, unit, false)} … ${amount(high, unit)} (${count})`;
  return count === 1 ? `1 ${words.slice(0, -1)}` : `${count} ${words}`;
}

/** A line over the earlier runs, with this one at its end. @param {any} trend */
function drawSpark(trend) {
  const values = [...trend.points.map((/** @type {any} */ { value }) => value), trend.now];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (/** @type {number} */ index) =>
    4 + (index / Math.max(1, values.length - 1)) * (SPARK_WIDTH - 10);
  const y = (/** @type {number} */ value) =>
    high === low ? SPARK_HEIGHT / 2 : 4 + (1 - (value - low) / (high - low)) * (SPARK_HEIGHT - 8);
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const words = `${values.length - 1} earlier values, the median ${amount(trend.median, trend.unit)}; now ${amount(trend.now, trend.unit)}`;
  return svg(
    'svg',
    {
      class: 'spark',
      role: 'img',
      width: SPARK_WIDTH,
      height: SPARK_HEIGHT,
      viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`,
      'aria-label': words,
    },
    svg('title', {}, words),
    svg('line', { x1: 0, x2: SPARK_WIDTH, y1: y(trend.median), y2: y(trend.median), class: 'usual' }),
    svg('polyline', { points, class: 'curve history' }),
    svg('circle', {
      cx: x(values.length - 1),
      cy: y(trend.now),
      r: 3.5,
      class: `dot is-${trend.change ?? 'now'}`,
    }),
  );
}
