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
  const titles = ['what', 'rig', 'median', 'in this run'];
  const numbers = new Set(['median', 'in this run', 'usual', 'earlier runs']);
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
            [...titles, ...(hasTrend ? ['usual', 'earlier runs', 'from run to run'] : [])].map((title) =>
              h('th', { scope: 'col', class: numbers.has(title) ? 'number' : undefined }, title),
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
  const range = (/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ count) =>
    `${amount(low, unit, false)} … ${amount(high, unit)} (${count})`;
  const share = trend === undefined || trend.median === 0 ? undefined : trend.now / trend.median - 1;
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', { class: 'rig' }, rig),
    h(
      'td',
      { class: 'number' },
      trend?.change !== undefined &&
        share !== undefined &&
        h(
          'span',
          { class: `shift is-${trend.change}`, title: `${trend.change} than usual` },
          `${share > 0 ? '+' : '−'}${Math.abs(share * 100).toFixed(0)} % `,
        ),
      h('b', {}, amount(median, unit)),
    ),
    h(
      'td',
      { class: 'number quiet' },
      values.length > 1 ? range(values[0], values.at(-1), values.length) : 'once',
    ),
    hasTrend && [
      h('td', { class: 'number' }, trend === undefined ? '' : amount(trend.median, unit)),
      h(
        'td',
        { class: 'number quiet' },
        trend === undefined ? '' : range(trend.low, trend.high, trend.points.length),
      ),
      h('td', {}, trend !== undefined && drawSpark(trend)),
    ],
  );
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
