import { h } from './dom.js';
import { caseLink, hasSeveralRigs } from './case-link.js';
import { drawRecorded } from './case-panel.js';
import { BLAME_WORDS, byteSize, duration } from './words.js';

const SLOWEST = 10;

/**
 * Who must act, with what, in the order of urgency.
 * @param {any} run
 * @param {{ open: (id: string) => void }} list
 */
export function drawBlame(run, list) {
  const groups = ['dut', 'rig', 'harness', 'case']
    .map((blame) => ({
      blame,
      cases: run.cases.filter(
        (/** @type {any} */ one) =>
          (one.verdict === 'failed' || one.verdict === 'broken') &&
          (one.blame ?? (one.verdict === 'failed' ? 'dut' : 'harness')) === blame,
      ),
    }))
    .filter(({ cases }) => cases.length > 0);
  if (groups.length === 0) return false;
  const isOneOfRigs = hasSeveralRigs(run);
  return h(
    'section',
    { 'aria-labelledby': 'blame-title' },
    h('h2', { id: 'blame-title' }, 'Who must act'),
    h(
      'div',
      { class: 'cards' },
      groups.map(({ blame, cases }) => {
        const { who, task } = BLAME_WORDS[blame] ?? { who: blame, task: '' };
        return h(
          'div',
          { class: `card blame-card is-${blame}` },
          h('h3', {}, h('span', { class: 'count' }, cases.length), ` ${who}`),
          h('p', { class: 'quiet' }, task),
          shortList(cases, isOneOfRigs, list),
        );
      }),
    ),
  );
}

/** @type {(cases: any[], isOneOfRigs: boolean, list: { open: (id: string) => void }) => any} */
function shortList(cases, isOneOfRigs, list) {
  const item = (/** @type {any} */ one) =>
    h(
      'li',
      {},
      caseLink(one, { words: one.titlePath.at(-1) ?? one.file, isOneOfRigs, list }),
      h('div', { class: 'teaser' }, one.failures[0]?.teaser ?? ''),
    );
  return [
    h('ul', { class: 'plain' }, cases.slice(0, 5).map(item)),
    cases.length > 5 &&
      h(
        'details',
        {},
        h('summary', {}, `${cases.length - 5} more`),
        h('ul', { class: 'plain' }, cases.slice(5).map(item)),
      ),
  ];
}

/**
 * @param {any} run
 * @param {{ open: (id: string) => void }} list
 */
export function drawSlowest(run, list) {
  const ran = run.cases.filter((/** @type {any} */ { verdict }) => verdict !== 'skipped');
  const slowest = [...ran].sort((a, b) => b.elapsedMs - a.elapsedMs).slice(0, SLOWEST);
  const isOneOfRigs = hasSeveralRigs(run);
  const longestMs = Math.max(1, slowest[0]?.elapsedMs ?? 1);
  return h(
    'section',
    { 'aria-labelledby': 'slowest-title' },
    h('h2', { id: 'slowest-title' }, `Slowest ${slowest.length}`),
    h(
      'ol',
      { class: 'slowest' },
      slowest.map((one) => {
        const bar = h('span', { class: `slow-bar is-${one.verdict}` });
        bar.style.width = `${(one.elapsedMs / longestMs) * 100}%`;
        return h(
          'li',
          {},
          h('span', { class: 'slow-time' }, duration(one.elapsedMs)),
          h(
            'span',
            { class: 'slow-case' },
            caseLink(one, { words: one.titlePath.join(' › '), isOneOfRigs, list }),
          ),
          h('span', { class: 'slow-track' }, bar),
        );
      }),
    ),
  );
}

/** @param {any} run */
export function drawRigs(run) {
  if (run.rigs.length === 0) return false;
  return h(
    'section',
    { 'aria-labelledby': 'rigs-title' },
    h('h2', { id: 'rigs-title' }, 'Rigs'),
    h(
      'div',
      { class: 'cards' },
      run.rigs.map((/** @type {any} */ rig) => rigCard(rig, run)),
    ),
  );
}

/** @type {(rig: any, run: any) => any} */
function rigCard(rig, run) {
  const { firmware } = rig;
  const facts = [
    ['kind', rig.kind],
    ['layout', rig.layout],
    ['MAC', rig.mac],
    ['can', rig.capabilities.join(', ')],
    [
      'firmware',
      firmware && `${firmware.app} ${firmware.version}${firmware.runtime ? ` (${firmware.runtime})` : ''}`,
    ],
  ].filter(([, value]) => value !== undefined && value !== '');
  const between = run.between.find((/** @type {any} */ one) => one.rig === rig.name);
  const place = h('div', { class: 'recorded' });
  return h(
    'div',
    { class: 'card' },
    h('h3', {}, rig.name),
    h(
      'dl',
      { class: 'facts' },
      facts.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    ),
    firmware?.images.map((/** @type {any} */ image) =>
      h(
        'p',
        { class: 'image' },
        h('b', {}, image.slot),
        ` ${byteSize(image.sizeBytes)} `,
        h('code', { title: 'SHA-256' }, image.sha256.slice(0, 16)),
      ),
    ),
    (run.captures ?? [])
      .filter((/** @type {any} */ capture) => capture.rig === rig.name)
      .map((/** @type {any} */ { file, packets, sizeBytes }) =>
        h(
          'p',
          { class: 'image' },
          h('a', { href: file, download: '' }, file),
          ` ${packets} packets, ${byteSize(sizeBytes)}`,
        ),
      ),
    rig.notes?.length > 0 &&
      h(
        'ul',
        {},
        rig.notes.map((/** @type {string} */ note) => h('li', {}, note)),
      ),
    between?.events > 0 &&
      h(
        'details',
        {
          class: 'evidence',
          ontoggle: (/** @type {any} */ event) => {
            if (event.target.open && place.childElementCount === 0)
              void drawRecorded(place, `between-${rig.name}`, [], run);
          },
        },
        h('summary', {}, `between the cases (${between.events} events)`),
        place,
      ),
  );
}

/** @param {any} run */
export function drawNotes(run) {
  if (run.notes.length === 0) return false;
  return h(
    'section',
    { class: 'notes', 'aria-labelledby': 'notes-title' },
    h('h2', { id: 'notes-title' }, 'About this run'),
    h(
      'ul',
      {},
      run.notes.map((/** @type {string} */ note) => h('li', {}, note)),
    ),
  );
}
