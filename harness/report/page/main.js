/* global document, window, localStorage, Event */
import { h } from './dom.js';
import { readRun } from './data.js';
import { drawCases } from './case-list.js';
import { drawHead } from './head.js';
import { drawBlame, drawNotes, drawRigs, drawSlowest } from './summary.js';
import { drawMetrics } from './measured.js';
import { drawNews } from './trend.js';

const THEME_KEY = 'esprig-theme';

/** Light, dark, or as the system says; kept where the browser lets a page from disk keep something. */
function themeButton() {
  const button = h('button', { type: 'button', class: 'small theme' });
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = (/** @type {string} */ theme) => {
    // The style sheet knows two themes; which one the system wants is found out here.
    document.documentElement.dataset['theme'] = theme || (system.matches ? 'dark' : 'light');
    button.textContent = theme === '' ? 'theme: system' : `theme: ${theme}`;
    document.dispatchEvent(new Event('esprig-theme'));
  };
  let theme = '';
  try {
    theme = localStorage.getItem(THEME_KEY) ?? '';
  } catch {
    // A page from disk may have no storage: then the choice lasts as long as the page.
  }
  apply(theme);
  system.addEventListener('change', () => apply(theme));
  button.addEventListener('click', () => {
    theme = { '': 'dark', dark: 'light', light: '' }[theme] ?? '';
    apply(theme);
    try {
      localStorage.setItem(THEME_KEY, theme);
    } catch {
      // As above.
    }
  });
  return button;
}

const run = readRun();
const list = drawCases(run);
document
  .getElementById('page')
  ?.replaceChildren(
    ...[
      drawHead(run, list, themeButton()),
      h(
        'main',
        {},
        drawNotes(run),
        drawNews(run, list),
        drawBlame(run, list),
        list.root,
        drawSlowest(run, list),
        drawMetrics(run),
        drawRigs(run),
      ),
      h(
        'footer',
        { class: 'quiet' },
        `esprig ${run.esprigVersion ?? ''} · Node ${run.nodeVersion ?? ''} · the same data: run.json, junit.xml, events.ndjson, serial.log${(run.captures ?? []).map((/** @type {any} */ { file }) => `, ${file}`).join('')}`,
      ),
    ],
  );

function openFromAddress() {
  const id = /^#case=(c[0-9a-f]{16})$/.exec(window.location.hash)?.[1];
  if (id !== undefined) list.open(id);
}
window.addEventListener('hashchange', openFromAddress);
openFromAddress();
