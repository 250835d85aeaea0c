import { h } from './dom.js';
import { VERDICT_WORDS, duration } from './words.js';

/**
 * The top of the page: the outcome in one sentence, the numbers, where it ran.
 * @param {any} run
 * @param {{ filter: (verdicts: string[]) => void }} list
 * @param {any} themeButton
 */
export function drawHead(run, list, themeButton) {
  const { failed, broken, passed, cases } = run.totals;
  // Cases that were cut off in their middle say so themselves.
  const isCut = run.cutShort !== undefined && broken === 0;
  const kind = broken > 0 || isCut ? 'broken' : failed > 0 ? 'failed' : passed > 0 ? 'passed' : 'skipped';
  const sentence =
    failed + broken === 0 && !isCut
      ? passed > 0
        ? 'The firmware keeps its contract.'
        : 'Nothing was tested.'
      : [
          failed > 0 &&
            h('span', { class: 'say-failed' }, `The firmware fails ${failed} of ${cases} cases. `),
          broken > 0 && h('span', { class: 'say-broken' }, `${countOf(broken)} could not be judged.`),
          isCut && h('span', { class: 'say-broken' }, cutShortWords(run.totals)),
        ];
  const segments = ['failed', 'broken', 'passed', 'skipped']
    .filter((verdict) => run.totals[verdict] > 0)
    .map((verdict) => {
      const count = run.totals[verdict];
      const segment = h(
        'button',
        {
          type: 'button',
          class: `segment is-${verdict}`,
          title: `${count} ${verdict}: show them`,
          onclick: () => list.filter([verdict]),
        },
        h('b', {}, count),
        ` ${VERDICT_WORDS[verdict]?.word ?? ''}`,
      );
      segment.style.flexGrow = String(Math.max(count, cases * 0.04));
      return segment;
    });
  return h(
    'header',
    { class: `head is-${kind}` },
    h(
      'div',
      { class: 'brand' },
      h('span', { class: 'logo' }, 'esprig'),
      h('span', { class: 'quiet' }, 'report'),
      themeButton,
    ),
    h('h1', {}, sentence),
    h('div', { class: 'segments' }, segments),
    h(
      'p',
      { class: 'run-facts' },
      h('time', { datetime: run.startedAt }, run.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')),
      h('span', {}, `took ${duration(run.elapsedMs)}`),
      h('span', {}, `exit code ${run.exitCode}`),
      h('code', {}, run.command),
    ),
  );
}

/** @param {number} cases */
function countOf(cases) {
  return `${cases} ${cases === 1 ? 'case' : 'cases'}`;
}

/** Of files that had not begun nobody knows how many cases they have. @param {any} totals */
function cutShortWords({ cases, skipped }) {
  return skipped === 0
    ? `Cut short after ${countOf(cases)}.`
    : `Cut short: ${cases - skipped} of ${countOf(cases)} were run.`;
}
