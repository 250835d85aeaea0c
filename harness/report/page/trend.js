import { caseLink, hasSeveralRigs } from './case-link.js';
import { h, svg } from './dom.js';
import { VERDICT_WORDS, day, duration } from './words.js';

/** A strip holds the earlier runs and this one. */
const EARLIER_RUNS = 20;
const BAR_PX = 4;
const GAP_PX = 2;
const STRIP_HEIGHT_PX = 18;
/** What went wrong stands out by its height too, not by colour alone. */
const BAR_HEIGHTS = { failed: 16, broken: 16, passed: 7, skipped: 3 };

/**
 * @typedef {{ run: number, verdict: 'passed' | 'failed' | 'broken' | 'skipped', elapsedMs: number, isSameFirmware: boolean }} Mark
 * @typedef {{ marks: Mark[], change?: string, isFlaky: boolean }} CaseTrend report/trend.ts
 */

/**
 * Earlier runs of a case and this one, oldest first, as bars.
 * @param {any} run
 * @param {any} one
 */
export function drawStrip(run, one) {
  /** @type {CaseTrend | undefined} */
  const trend = run.trend?.cases[one.id];
  if (trend === undefined) return false;
  const width = (EARLIER_RUNS + 1) * (BAR_PX + GAP_PX) + GAP_PX;
  const drawing = svg('svg', {
    class: 'strip',
    role: 'img',
    width,
    height: STRIP_HEIGHT_PX,
    viewBox: `0 0 ${width} ${STRIP_HEIGHT_PX}`,
    'aria-label': stripWords(trend.marks),
  });
  /** @type {Map<string, string>} */
  const paths = new Map();
  const bar = (/** @type {number} */ slot, /** @type {string} */ verdict, /** @type {string} */ kind) => {
    const high = BAR_HEIGHTS[/** @type {Mark['verdict']} */ (verdict)] ?? 3;
    const name = `is-${verdict}${kind}`;
    const x = slot * (BAR_PX + GAP_PX);
    paths.set(name, `${paths.get(name) ?? ''}M${x},${STRIP_HEIGHT_PX}v${-high}h${BAR_PX}v${high}z`);
  };
  const first = EARLIER_RUNS - trend.marks.length;
  trend.marks.forEach(({ verdict, isSameFirmware }, index) =>
    bar(first + index, verdict, isSameFirmware ? '' : ' is-other'),
  );
  // This run stands a little apart.
  bar(EARLIER_RUNS + GAP_PX / (BAR_PX + GAP_PX), one.verdict, '');
  drawing.append(
    svg('title', {}, stripWords(trend.marks)),
    ...[...paths].map(([name, d]) => svg('path', { class: `strip-bar ${name}`, d })),
  );
  return drawing;
}

/** @param {Mark[]} marks */
function stripWords(marks) {
  const counts = ['passed', 'failed', 'broken', 'skipped']
    .map((verdict) => [marks.filter((mark) => mark.verdict === verdict).length, verdict])
    .filter(([count]) => count !== 0)
    .map(([count, verdict]) => `${count} ${verdict}`);
  const others = marks.filter(({ isSameFirmware }) => !isSameFirmware).length;
  const firmware = others === 0 ? '' : `, ${others} of them with other firmware (pale)`;
  return `${marks.length} earlier ${marks.length === 1 ? 'run' : 'runs'}: ${counts.join(', ')}${firmware}`;
}

const HISTORY = { width: 760, height: 132, left: 58, right: 14, top: 12, bottom: 24 };

/**
 * How long a case took from run to run, each point the way to that run's report.
 * @param {any} run
 * @param {any} one
 */
export function drawCaseHistory(run, one) {
  /** @type {CaseTrend | undefined} */
  const trend = run.trend?.cases[one.id];
  if (trend === undefined) return false;
  const now = { run: -1, verdict: one.verdict, elapsedMs: one.elapsedMs, isSameFirmware: true };
  const marks = [...trend.marks, now];
  const highest = Math.max(1, ...marks.map(({ elapsedMs }) => elapsedMs)) * 1.08;
  const step = (HISTORY.width - HISTORY.left - HISTORY.right) / Math.max(1, marks.length - 1);
  const x = (/** @type {number} */ index) => HISTORY.left + index * step;
  const y = (/** @type {number} */ ms) =>
    HISTORY.top + (1 - ms / highest) * (HISTORY.height - HISTORY.top - HISTORY.bottom);
  const drawing = svg('svg', {
    viewBox: `0 0 ${HISTORY.width} ${HISTORY.height}`,
    class: 'plot history-plot',
    role: 'group',
    'aria-label': `${stripWords(trend.marks)}. This run took ${duration(one.elapsedMs)}.`,
  });
  for (const ms of [0, highest / 1.08]) {
    drawing.append(
      svg('line', {
        x1: HISTORY.left,
        x2: HISTORY.width - HISTORY.right,
        y1: y(ms),
        y2: y(ms),
        class: 'grid',
      }),
      svg('text', { x: HISTORY.left - 8, y: y(ms) + 4, class: 'axis end' }, ms === 0 ? '0' : duration(ms)),
    );
  }
  marks.forEach((mark, index) => {
    const before = marks[index - 1];
    if (before !== undefined && before.isSameFirmware !== mark.isSameFirmware) {
      const at = x(index) - step / 2;
      drawing.append(
        svg(
          'line',
          { x1: at, x2: at, y1: HISTORY.top, y2: HISTORY.height - HISTORY.bottom, class: 'border' },
          svg('title', {}, 'other images'),
        ),
      );
    }
  });
  const ran = marks.map((mark, index) => ({ ...mark, index })).filter(({ verdict }) => verdict !== 'skipped');
  const points = ran.map(({ index, elapsedMs }) => `${x(index).toFixed(1)},${y(elapsedMs).toFixed(1)}`);
  drawing.append(svg('polyline', { points: points.join(' '), class: 'curve history' }));
  marks.forEach((mark, index) => {
    const from = mark.run < 0 ? undefined : run.trend.runs[mark.run];
    const words = `${from === undefined ? 'this run' : day(from.startedAt)}: ${mark.verdict}, ${duration(mark.elapsedMs)}${mark.isSameFirmware ? '' : `, other firmware (${from?.firmware ?? ''})`}`;
    const dot = svg(
      'circle',
      {
        cx: x(index),
        cy: y(mark.elapsedMs),
        r: from === undefined ? 6 : 4,
        class: `dot is-${mark.verdict}${mark.isSameFirmware ? '' : ' is-other'}`,
      },
      svg('title', {}, words),
    );
    drawing.append(
      from === undefined
        ? dot
        : svg(
            'a',
            { href: `../${encodeURIComponent(from.run)}/index.html#case=${one.id}`, 'aria-label': words },
            dot,
          ),
    );
  });
  const firstRun = run.trend.runs[trend.marks[0]?.run ?? 0];
  drawing.append(
    svg('text', { x: HISTORY.left, y: HISTORY.height - 6, class: 'axis' }, day(firstRun?.startedAt ?? '')),
    svg('text', { x: HISTORY.width - HISTORY.right, y: HISTORY.height - 6, class: 'axis end' }, 'this run'),
  );
  return h('div', {}, h('h4', {}, 'From run to run'), drawing);
}

/**
 * What is new since the run before, at the head of the page. Nothing where there is nothing to say.
 * @param {any} run
 * @param {{ open: (id: string) => void }} list
 */
export function drawNews(run, list) {
  const { news } = run;
  if (news === undefined || run.trend === undefined) return false;
  const byId = new Map(run.cases.map((/** @type {any} */ one) => [one.id, one]));
  const columns = [
    { kind: 'worse', sign: '↘', title: 'Worse than before', ids: news.worse },
    { kind: 'better', sign: '↗', title: 'Better than before', ids: news.better },
    { kind: 'flaky', sign: '↝', title: 'Flaky with the same images', ids: news.flaky },
  ].filter(({ ids }) => ids.length > 0);
  const since = run.trend.runs.at(-1);
  if (columns.length === 0) {
    return h(
      'p',
      { class: 'news-none quiet' },
      `Nothing new since ${day(since?.startedAt ?? '')}: ${news.comparedCases} ${news.comparedCases === 1 ? 'case came' : 'cases came'} out as when they were last run.`,
    );
  }
  return h(
    'section',
    { class: 'news', 'aria-labelledby': 'news-title' },
    h(
      'h2',
      { id: 'news-title' },
      'New ',
      h('span', { class: 'quiet' }, `against the runs before, the last of ${day(since?.startedAt ?? '')}`),
    ),
    h(
      'div',
      { class: 'cards' },
      columns.map(({ kind, sign, title, ids }) =>
        h(
          'div',
          { class: `card news-card is-${kind}` },
          h(
            'h3',
            {},
            h('span', { class: 'count' }, h('span', { 'aria-hidden': true }, `${sign} `), ids.length),
            ` ${title}`,
          ),
          newsList(
            ids.map((/** @type {string} */ id) => byId.get(id)),
            run,
            list,
          ),
        ),
      ),
    ),
  );
}

const SHOWN_NEWS = 6;

/** @type {(cases: any[], run: any, list: { open: (id: string) => void }) => any} */
function newsList(cases, run, list) {
  const isOneOfRigs = hasSeveralRigs(run);
  const item = (/** @type {any} */ one) => {
    const marks = run.trend.cases[one.id]?.marks ?? [];
    const before = marks.filter((/** @type {Mark} */ { verdict }) => verdict !== 'skipped').at(-1);
    return h(
      'li',
      {},
      caseLink(one, { words: one.titlePath.at(-1) ?? one.file, isOneOfRigs, list }),
      h('span', { class: 'quiet news-words' }, `${before?.verdict ?? ''} → ${one.verdict}`),
    );
  };
  return [
    h('ul', { class: 'plain' }, cases.slice(0, SHOWN_NEWS).map(item)),
    cases.length > SHOWN_NEWS &&
      h(
        'details',
        {},
        h('summary', {}, `${cases.length - SHOWN_NEWS} more`),
        h('ul', { class: 'plain' }, cases.slice(SHOWN_NEWS).map(item)),
      ),
  ];
}

/**
 * @param {any} run
 * @param {any} one
 */
export function drawFlaky(run, one) {
  const isFlaky = run.trend?.cases[one.id]?.isFlaky === true || one.attempts?.length > 0;
  const means = 'passed and failed with the same images';
  return isFlaky && h('span', { class: 'flaky', title: means }, 'flaky');
}

/**
 * New against the run before: said in the row too.
 * @param {any} run
 * @param {any} one
 */
export function drawChange(run, one) {
  const change = run.trend?.cases[one.id]?.change;
  const words = { worse: 'new', better: 'better' }[/** @type {'worse' | 'better'} */ (change)];
  return (
    words !== undefined &&
    h('span', { class: `tag is-${change}`, title: VERDICT_WORDS[one.verdict]?.means ?? '' }, words)
  );
}
