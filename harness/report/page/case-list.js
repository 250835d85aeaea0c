/* global window, document */
import { h } from './dom.js';
import { drawCase } from './case-panel.js';
import { drawChange, drawFlaky, drawStrip } from './trend.js';
import { BLAME_WORDS, VERDICT_WORDS, duration } from './words.js';

const ORDER = ['failed', 'broken', 'passed', 'skipped'];

/**
 * The table of verdicts with its filter; each row opens into all that is known of its case.
 * @param {any} run
 * @returns {{ root: any, open: (id: string) => void, filter: (verdicts: string[], text?: string) => void }}
 */
export function drawCases(run) {
  const hasTrend = Object.keys(run.trend?.cases ?? {}).length > 0;
  // Those that a narrow window does without come last: a row over all columns would give them room.
  const columns = ['verdict', 'case', 'time', ...(hasTrend ? ['trend'] : []), 'who', 'rig'];
  const longestMs = Math.max(1, ...run.cases.map((/** @type {any} */ one) => one.elapsedMs));
  /** @type {Map<string, any>} */
  const rows = new Map(
    run.cases.map((/** @type {any} */ one) => [one.id, caseRow(one, run, { longestMs, hasTrend })]),
  );
  const groups = groupsOf(run.cases).map(({ file, cases }) => {
    const head = h(
      'tr',
      { class: 'file-row' },
      h(
        'th',
        { colspan: columns.length, scope: 'rowgroup' },
        h('code', {}, file),
        h('span', { class: 'file-counts' }),
      ),
    );
    return {
      file,
      cases,
      head,
      body: h(
        'tbody',
        {},
        head,
        cases.flatMap(({ id }) => rows.get(id).parts),
      ),
    };
  });

  const search = h('input', {
    type: 'search',
    id: 'filter-text',
    placeholder: 'title, file, message, code, needs …',
    'aria-label': 'filter the cases by text',
    oninput: () => choose(),
  });
  const rigs = [...new Set(run.cases.map((/** @type {any} */ { rig }) => rig))].filter((rig) => rig !== '');
  const rigChoice = h(
    'select',
    { 'aria-label': 'filter by rig', onchange: () => choose() },
    h('option', { value: '' }, 'all rigs'),
    rigs.map((rig) => h('option', { value: rig }, rig)),
  );
  /** @type {Set<string>} */
  const wanted = new Set();
  const chips = ORDER.map((verdict) => {
    const { word, sign, means } = VERDICT_WORDS[verdict] ?? { word: verdict, sign: '', means: '' };
    return h(
      'button',
      {
        type: 'button',
        class: `chip is-${verdict}`,
        'aria-pressed': 'false',
        'data-verdict': verdict,
        title: means,
        disabled: run.totals[verdict] === 0,
        onclick: () => {
          if (!wanted.delete(verdict)) wanted.add(verdict);
          choose();
        },
      },
      h('span', { class: 'sign', 'aria-hidden': true }, sign),
      ` ${run.totals[verdict]} ${word}`,
    );
  });
  const status = h('span', { class: 'quiet', role: 'status', id: 'filter-status' });

  function choose() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const group of groups) {
      let inGroup = 0;
      for (const one of group.cases) {
        const row = rows.get(one.id);
        const fits =
          (wanted.size === 0 || wanted.has(one.verdict)) &&
          (rigChoice.value === '' || one.rig === rigChoice.value) &&
          words.every((/** @type {string} */ word) => row.searchText.includes(word));
        row.show(fits);
        if (fits) inGroup += 1;
      }
      group.body.hidden = inGroup === 0;
      group.head.querySelector('.file-counts').textContent = `${inGroup} of ${group.cases.length}`;
      count += inGroup;
    }
    for (const chip of chips) {
      chip.setAttribute('aria-pressed', String(wanted.has(chip.dataset.verdict)));
    }
    status.textContent = `${count} of ${run.cases.length} cases`;
  }
  choose();

  const bar = h(
    'div',
    { class: 'filter', role: 'search' },
    search,
    h('div', { class: 'chips' }, chips),
    rigs.length > 1 && rigChoice,
    status,
  );
  const root = h(
    'section',
    { id: 'cases', 'aria-labelledby': 'cases-title', tabindex: -1 },
    h('h2', { id: 'cases-title' }, 'Cases'),
    bar,
    h(
      'table',
      { class: 'cases' },
      h(
        'colgroup',
        {},
        columns.map((title) => h('col', { class: `col-${title}` })),
      ),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map((title) => h('th', { scope: 'col', class: `col-${title}` }, title)),
        ),
      ),
      groups.map(({ body }) => body),
    ),
  );
  return {
    root,
    open: (id) => {
      const row = rows.get(id);
      if (row === undefined) return;
      row.show(true);
      row.toggle(true);
      row.parts[0].closest('tbody').hidden = false;
      // It stays at the top of the window, over what is there, and may have several lines.
      root.style.setProperty('--bar', `${bar.offsetHeight}px`);
      row.parts[0].scrollIntoView({ block: 'start' });
    },
    filter: (verdicts, text = '') => {
      wanted.clear();
      for (const verdict of verdicts) wanted.add(verdict);
      search.value = text;
      choose();
      document.getElementById('cases')?.scrollIntoView({ block: 'start' });
    },
  };
}

/** @type {(one: any, run: any, list: { longestMs: number, hasTrend: boolean }) => any} */
function caseRow(one, run, { longestMs, hasTrend }) {
  const { word, sign } = VERDICT_WORDS[one.verdict] ?? { word: one.verdict, sign: '' };
  const panelId = `panel-${one.id}`;
  const bar = h('span', { class: 'time-bar' });
  bar.style.width = `${Math.max(2, (one.elapsedMs / longestMs) * 64)}px`;
  const title = h(
    'button',
    {
      type: 'button',
      class: 'case-title',
      'aria-expanded': 'false',
      'aria-controls': panelId,
      onclick: () => toggle(),
    },
    h('span', { class: 'path' }, one.titlePath.slice(0, -1).join(' › '), one.titlePath.length > 1 && ' › '),
    h('span', { class: 'leaf' }, one.titlePath.at(-1) ?? one.file),
  );
  const [first] = one.failures;
  const teaser = first?.teaser ?? one.skipReason;
  const row = h(
    'tr',
    { class: `case-row is-${one.verdict}`, id: one.id, 'data-verdict': one.verdict },
    h(
      'td',
      {},
      h(
        'span',
        { class: `badge is-${one.verdict}` },
        h('span', { class: 'sign', 'aria-hidden': true }, sign),
        h('span', { class: 'badge-word' }, ` ${word}`),
      ),
    ),
    h(
      'td',
      {},
      title,
      drawChange(run, one),
      drawFlaky(run, one),
      teaser && h('div', { class: 'teaser' }, teaser),
    ),
    h('td', { class: 'time' }, duration(one.elapsedMs), bar),
    hasTrend && h('td', { class: 'trend' }, drawStrip(run, one)),
    h('td', { class: 'who' }, BLAME_WORDS[one.blame]?.who ?? ''),
    h('td', { class: 'rig' }, one.rig),
  );
  const cell = h('td', { colspan: hasTrend ? 6 : 5 });
  const panel = h('tr', { class: 'panel-row', id: panelId, hidden: true }, cell);
  let isOpen = false;
  let fits = true;

  function toggle(next = !isOpen) {
    isOpen = next;
    if (isOpen && cell.childElementCount === 0) cell.append(drawCase(one, run));
    title.setAttribute('aria-expanded', String(isOpen));
    row.classList.toggle('is-open', isOpen);
    panel.hidden = !(isOpen && fits);
    if (isOpen) window.history.replaceState(undefined, '', `#case=${one.id}`);
  }

  return {
    parts: [row, panel],
    toggle,
    searchText: [
      ...one.titlePath,
      one.file,
      one.rig,
      one.verdict,
      one.code,
      one.blame,
      one.skipReason,
      ...one.needs,
      ...one.failures.flatMap((/** @type {any} */ failure) => [failure.message, failure.code]),
    ]
      .join(' ')
      .toLowerCase(),
    show: (/** @type {boolean} */ next) => {
      fits = next;
      row.hidden = !fits;
      panel.hidden = !(isOpen && fits);
    },
  };
}

/**
 * By file; files with something to do come first, and within a file what is to do.
 * @param {any[]} cases
 * @returns {{ file: string, cases: any[] }[]}
 */
function groupsOf(cases) {
  /** @type {Map<string, any[]>} */
  const files = new Map();
  for (const one of cases) files.set(one.file, [...(files.get(one.file) ?? []), one]);
  const rank = (/** @type {any} */ one) => ORDER.indexOf(one.verdict);
  const worst = (/** @type {any[]} */ list) => Math.min(...list.map(rank));
  return [...files]
    .map(([file, list]) => ({ file, cases: [...list].sort((a, b) => rank(a) - rank(b)) }))
    .sort((a, b) => worst(a.cases) - worst(b.cases) || (a.file < b.file ? -1 : 1));
}
