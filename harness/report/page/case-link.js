import { h } from './dom.js';

/**
 * Where there are several rigs, a title alone is no case: all of them have it.
 * @param {any} run
 */
export function hasSeveralRigs(run) {
  return new Set(run.cases.map((/** @type {any} */ { rig }) => rig)).size > 1;
}

/**
 * The way to a case in the list from elsewhere on the page.
 * @param {any} one
 * @param {{ words: string, isOneOfRigs: boolean, list: { open: (id: string) => void } }} options
 */
export function caseLink(one, { words, isOneOfRigs, list }) {
  return [
    h(
      'a',
      {
        href: `#case=${one.id}`,
        title: one.titlePath.join(' › '),
        onclick: (/** @type {Event} */ event) => (event.preventDefault(), list.open(one.id)),
      },
      words,
    ),
    isOneOfRigs && one.rig !== '' && [' ', h('span', { class: 'on-rig' }, one.rig)],
  ];
}
