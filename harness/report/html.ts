import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packChunk, pageSummary, timelineChunks } from './page-data';
import type { RunRecord, TimelineRecord } from './run-record';
import type { Trend } from './trend';

/** The page's script, in the order of its parts: each uses those before it. */
const SCRIPT_PARTS = [
  'dom.js',
  'words.js',
  'case-link.js',
  'data.js',
  'align.js',
  'timeline.js',
  'progress-plot.js',
  'log-pair.js',
  'trend.js',
  'packets.js',
  'measured.js',
  'case-panel.js',
  'case-list.js',
  'head.js',
  'summary.js',
  'main.js',
];

/** Later ones go before earlier ones. */
const STYLE_PARTS = ['theme.css', 'page.css', 'cases.css', 'recorded.css', 'trend.css', 'narrow.css'];

const PAGE_FOLDER = join(__dirname, 'page');

/**
 * The report as one page that needs nothing but itself: no network, no second file. Whatever a device said is data in
 * it, never markup: the script builds text nodes only, and the page's policy runs no other script than its own.
 */
export function renderHtml(record: RunRecord, timeline: readonly TimelineRecord[], trend?: Trend): string {
  const style = STYLE_PARTS.map((name) => readFileSync(join(PAGE_FOLDER, name), 'utf8')).join('');
  const script = pageScript();
  const chunks = timelineChunks(record, timeline);
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const { failed, broken, passed, skipped } = record.totals;
  const isCut = record.cutShort !== undefined;
  const title = `esprig: ${isCut ? 'cut short, ' : ''}${failed} failed, ${broken} broken, ${passed} passed, ${skipped} skipped`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${title}</title>`,
    `<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon(failed > 0, broken > 0 || isCut))}">`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<a class="skip-link" href="#cases">to the cases</a>',
    '<div id="page"><noscript>This report is drawn by a script of its own; nothing is loaded. run.json beside it holds the same data.</noscript></div>',
    `<script type="application/json" id="run">${jsonForScript(pageSummary(record, chunks, trend))}</script>`,
    ...[...chunks].map(
      ([id, chunk]) => `<script type="text/plain" id="${attribute(`t-${id}`)}">${packChunk(chunk)}</script>`,
    ),
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** The parts as one script: their imports and exports bind them in the sources only. */
export function pageScript(): string {
  const parts = SCRIPT_PARTS.map((name) =>
    readFileSync(join(PAGE_FOLDER, name), 'utf8')
      .replace(/^import [^;]*;\n/gm, '')
      .replace(/^export /gm, ''),
  );
  const script = `'use strict';\n(() => {\n${parts.join('\n')}\n})();\n`;
  if (/<\/script|<!--/i.test(script)) throw new Error('the page script would end its own element');
  return script;
}

/** `<` cannot end the element, and JSON reads the escape as the same character. */
function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}

function icon(isFailed: boolean, isBroken: boolean): string {
  const colour = isFailed ? '#d1373f' : isBroken ? '#c77700' : '#1a7f4b';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${colour}"/></svg>`;
}
