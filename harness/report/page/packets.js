/* global window */
import { copyText, h } from './dom.js';

/**
 * Where a case's packets are, and how to find them there.
 * @param {any} run
 * @param {any} one
 */
export function drawPackets(run, one) {
  if (one.capture === undefined) return false;
  const begins = [one.startedAtMs, ...one.phases.map((/** @type {any} */ { atMs }) => atMs)];
  const ends = [
    one.startedAtMs + one.elapsedMs,
    ...one.phases.map((/** @type {any} */ { atMs, elapsedMs }) => atMs + elapsedMs),
  ];
  const epoch = (/** @type {number} */ ms) => ((Date.parse(run.startedAt) + ms) / 1000).toFixed(3);
  const filter = `frame.time_epoch >= ${epoch(Math.min(...begins))} && frame.time_epoch <= ${epoch(Math.max(...ends))}`;
  const copied = h('span', { class: 'quiet', role: 'status' });
  const copy = h(
    'button',
    {
      type: 'button',
      class: 'small',
      'aria-label': 'copy the display filter',
      onclick: async () => {
        copied.textContent = (await copyText(filter)) ? 'copied' : 'select it and copy by hand';
        window.setTimeout(() => (copied.textContent = ''), 4000);
      },
    },
    'copy',
  );
  return [
    h('dt', {}, 'packets'),
    h(
      'dd',
      {},
      h('a', { href: one.capture, download: '' }, one.capture),
      ' ',
      h('code', { class: 'command', title: 'display filter for Wireshark and tshark -Y' }, filter),
      ' ',
      copy,
      ' ',
      copied,
    ),
  ];
}
