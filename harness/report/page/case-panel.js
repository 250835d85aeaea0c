import { copyText, h } from './dom.js';
import { loadChunk } from './data.js';
import { drawLogs } from './log-pair.js';
import { drawPackets } from './packets.js';
import { drawProgress } from './progress-plot.js';
import { drawTimeline } from './timeline.js';
import { drawCaseHistory } from './trend.js';
import { BLAME_WORDS, duration } from './words.js';

/**
 * All that is known of a case; its timeline is unpacked now.
 * @param {any} one CaseRecord with `events`
 * @param {any} run
 */
export function drawCase(one, run) {
  const recorded = h('div', { class: 'recorded' }, h('p', { class: 'quiet' }, 'unpacking …'));
  void drawRecorded(recorded, one.id, one.phases, run);
  return h(
    'div',
    { class: 'case-panel' },
    one.verdict === 'skipped' &&
      h('p', { class: 'skip-reason' }, `Skipped: ${one.skipReason ?? 'no reason given'}`),
    one.failures.map((/** @type {any} */ failure, /** @type {number} */ index) =>
      drawFailure(failure, index, one),
    ),
    one.attempts?.length > 0 && drawAttempts(one.attempts),
    drawFacts(one, run),
    drawPhases(one.phases),
    recorded,
    drawCaseHistory(run, one),
  );
}

/**
 * Timeline, progress and logs of a chunk, into `place`.
 * @param {HTMLElement} place
 * @param {string} id
 * @param {any[]} phases
 * @param {any} run
 */
export async function drawRecorded(place, id, phases, run) {
  try {
    const chunk = await loadChunk(id);
    if (chunk === undefined) {
      place.replaceChildren(h('p', { class: 'quiet' }, 'Nothing was recorded on the timeline.'));
      return;
    }
    const hasLog = chunk.console.length + chunk.stream.length > 0;
    const logs = hasLog ? drawLogs(chunk) : undefined;
    const hasProgress = chunk.progress.length + chunk.sent.length > 0;
    place.replaceChildren(
      h('h4', {}, 'Timeline'),
      drawTimeline(chunk, { lanes: run.lanes, phases, onPick: (ms) => logs?.showAt(ms) }),
      ...(hasProgress ? [h('h4', {}, 'Progress'), drawProgress(chunk)] : []),
      ...(logs === undefined
        ? []
        : [h('h4', {}, chunk.stream.length > 0 ? 'Console beside event stream' : 'Console'), logs.root]),
    );
  } catch (error) {
    place.replaceChildren(
      h(
        'p',
        { class: 'skip-reason' },
        `The timeline cannot be unpacked (${String(error)}); events.ndjson has it.`,
      ),
    );
  }
}

/** @type {(failure: any, index: number, one: any) => any} */
function drawFailure(failure, index, one) {
  const blame = failure.blame ?? one.blame;
  const words = BLAME_WORDS[blame];
  const hasSides = failure.expected !== undefined && failure.received !== undefined;
  return h(
    'section',
    { class: `failure is-${one.verdict}` },
    h(
      'h4',
      {},
      one.failures.length > 1 ? `Failure ${index + 1}` : 'What went wrong',
      words !== undefined && h('span', { class: `blame is-${blame}` }, `${words.who} must act`),
      failure.code && h('code', { class: 'code' }, failure.code),
    ),
    drawMessage(failure.message),
    failure.hint && h('p', { class: 'hint' }, h('b', {}, 'Try: '), failure.hint),
    hasSides &&
      h(
        'div',
        { class: 'sides' },
        h('div', { class: 'side expected' }, h('h5', {}, 'expected'), h('pre', {}, failure.expected)),
        h('div', { class: 'side received' }, h('h5', {}, 'received'), h('pre', {}, failure.received)),
      ),
    failure.evidence.map((/** @type {any} */ { title, lines }) =>
      h(
        'details',
        { class: 'evidence', open: lines.length <= 12 },
        h('summary', {}, `${title} (${lines.length})`),
        h('pre', {}, lines.join('\n')),
      ),
    ),
    failure.stack &&
      h('details', { class: 'evidence' }, h('summary', {}, 'stack'), h('pre', {}, failure.stack)),
  );
}

/** @param {string} message lines of a matcher: what was expected and what came are told apart by colour too */
function drawMessage(message) {
  const lines = message.split('\n').map((line) => {
    const kind = /^\s*(Expected|- )/.test(line)
      ? 'expected'
      : /^\s*(Received|\+ )/.test(line)
        ? 'received'
        : '';
    return kind === '' ? `${line}\n` : h('span', { class: kind }, `${line}\n`);
  });
  return h('pre', { class: 'message' }, lines);
}

/** @param {any[]} attempts */
function drawAttempts(attempts) {
  return h(
    'section',
    {},
    h('h4', {}, 'Earlier attempts'),
    h(
      'ul',
      {},
      attempts.map(({ verdict, elapsedMs, message }) =>
        h('li', {}, `${verdict} after ${duration(elapsedMs)}${message ? `: ${message}` : ''}`),
      ),
    ),
  );
}

/**
 * @param {any} one
 * @param {any} run
 */
function drawFacts(one, run) {
  const copied = h('span', { class: 'quiet', role: 'status' });
  const copy = h(
    'button',
    {
      type: 'button',
      class: 'small',
      onclick: async () => {
        copied.textContent = (await copyText(one.repeatCommand)) ? 'copied' : 'select it and copy by hand';
      },
    },
    'copy',
  );
  return h(
    'dl',
    { class: 'facts' },
    h('dt', {}, 'repeat'),
    h('dd', {}, h('code', { class: 'command' }, one.repeatCommand), ' ', copy, ' ', copied),
    h('dt', {}, 'file'),
    h('dd', {}, h('code', {}, one.file)),
    one.rig !== '' && [h('dt', {}, 'rig'), h('dd', {}, one.rig)],
    one.needs.length > 0 && [h('dt', {}, 'needs'), h('dd', {}, one.needs.join(', '))],
    drawPackets(run, one),
  );
}

/** @param {any[]} phases */
function drawPhases(phases) {
  const totalMs = phases.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  if (totalMs <= 0) return false;
  const cells = phases.map(({ name, elapsedMs }, index) => {
    const cell = h(
      'div',
      { class: `phase phase-${index % 6}`, title: `${name}: ${duration(elapsedMs)}` },
      h('b', {}, name),
      ` ${duration(elapsedMs)}`,
    );
    cell.style.flexGrow = String(Math.max(elapsedMs / totalMs, 0.02) * 100);
    return cell;
  });
  return h('div', { class: 'phases', 'aria-label': 'phases' }, cells);
}
