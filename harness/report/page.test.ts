import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { renderHtml } from './html';
import { largeRun, NASTY_LINES, sampleCase, sampleRun } from './testkit/sample-run';
import type { RunRecord, TimelineRecord } from './run-record';

/** Debian's, installed by set-up; where it is not, the rest of the page's tests must do. */
const CHROMIUM = '/usr/bin/chromium';
/** Evaluated in the page. */
const CANVAS = `document.querySelector('.timeline-canvas')`;
const PICTURES = join(__dirname, '..', '..', 'build', 'report-page');
const describeWithBrowser = existsSync(CHROMIUM) ? describe : describe.skip;

/** The big pages on a machine that is busy with other tests. */
jest.setTimeout(180_000);

let folder: string;
let browser: Browser;
beforeAll(async () => {
  if (!existsSync(CHROMIUM)) return;
  folder = mkdtempSync(join(tmpdir(), 'esprig-page-'));
  mkdirSync(PICTURES, { recursive: true });
  // Root has no sandbox to offer; the page is our own and there is no network.
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, and requests for anything but the file itself. */
  readonly troubles: readonly string[];
  readonly openMs: number;
}

async function open(
  run: { readonly record: RunRecord; readonly timeline: readonly TimelineRecord[] },
  options: BrowserContextOptions = {},
  hash = '',
): Promise<Opened> {
  const file = join(folder, `report-${String(Math.random()).slice(2)}.html`);
  writeFileSync(file, renderHtml(run.record, run.timeline));
  const context = await browser.newContext({
    offline: true,
    viewport: { width: 1280, height: 960 },
    ...options,
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  const url = pathToFileURL(file).href;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) troubles.push(request.url());
  });
  const openMs = await timed(async () => {
    await page.goto(url + hash);
    await page.waitForSelector('#cases');
  });
  return { page, troubles, openMs };
}

const visible = async (page: Page, selector: string): Promise<number> =>
  page.locator(`${selector}:visible`).count();

describeWithBrowser('the page in a browser, from disk, without a network', () => {
  test('shows the verdicts, and the filter chooses by verdict, text and rig', async () => {
    const run = largeRun(60, 600);
    const { page, troubles } = await open(run);
    const { totals } = run.record;
    expect(await visible(page, '.case-row')).toBe(60);
    await page.click('.chip.is-failed');
    expect(await visible(page, '.case-row')).toBe(totals.failed);
    expect(await visible(page, '.case-row.is-failed')).toBe(totals.failed);
    expect(await page.getAttribute('.chip.is-failed', 'aria-pressed')).toBe('true');
    await page.click('.chip.is-broken');
    expect(await visible(page, '.case-row')).toBe(totals.failed + totals.broken);
    await page.click('.chip.is-failed');
    await page.click('.chip.is-broken');
    await page.fill('#filter-text', 'UNPLUGGED');
    expect(await visible(page, '.case-row')).toBe(totals.broken);
    await page.fill('#filter-text', 'wrong magic round 15');
    expect(await page.textContent('#filter-status')).toBe('1 of 60 cases');
    expect(await visible(page, '.file-row')).toBe(1);
    await page.fill('#filter-text', '');
    await page.selectOption('.filter select', 'virtual-2mb');
    expect(await visible(page, '.case-row')).toBe(30);
    await page.click('.segment.is-skipped');
    expect(await visible(page, '.case-row.is-skipped')).toBeGreaterThan(0);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('opens a case: both sides, the plot, the timeline, the logs side by side', async () => {
    const { page, troubles } = await open(largeRun(30, 12_000));
    await page.click('.case-row.is-failed .case-title');
    await page.waitForSelector('.log-row');
    const sides = await page.locator('.side pre').allTextContents();
    expect(sides).toEqual(['400 wrong_slot, boot slot ota_0', '200, boot slot ota_1']);
    const curve = await page.getAttribute('.curve.told', 'd');
    expect(curve?.split('V').length).toBeGreaterThan(10);
    expect(await page.locator('.curve.sent').count()).toBe(1);
    expect(await page.locator('.point.bad').count()).toBe(1);
    const inkOf = async (): Promise<string> => page.evaluate<string>(`${CANVAS}.toDataURL()`);
    const all = await inkOf();
    const colours = await page.evaluate<number>(
      `new Set(new Uint32Array(${CANVAS}.getContext('2d').getImageData(0, 0, 900, 200).data.buffer)).size`,
    );
    expect(colours).toBeGreaterThan(50);
    await page.screenshot({ path: join(PICTURES, 'case.png') });
    await page.locator('.case-panel').screenshot({ path: join(PICTURES, 'case-whole.png') });
    await page.focus('.timeline-canvas');
    await page.keyboard.press('+');
    await page.waitForTimeout(100);
    expect(await inkOf()).not.toBe(all);
    await page.keyboard.press('0');
    await page.waitForTimeout(100);
    expect(await inkOf()).toBe(all);
    await page.keyboard.press('n');
    expect(await page.textContent('.timeline-detail')).toMatch(/\d s(step|serial)/);
    const paired = await page.locator('.log-row.is-same').first().locator('.log-text').allTextContents();
    expect(paired[0]).toBe(paired[1]);
    await page.click('text=only what differs');
    expect(await page.locator('.log-row.is-same').count()).toBe(0);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('zooms by dragging, and a click on a mark tells what it is', async () => {
    const one = sampleCase({ titlePath: ['a'], elapsedMs: 1000 });
    const marks = [100, 500, 900].map((atMs) => ({
      atMs,
      rig: one.rig,
      lane: 'reset' as const,
      name: 'reset',
      text: `at ${atMs}`,
    }));
    const { page, troubles } = await open(
      { record: sampleRun([one]), timeline: marks },
      {},
      `#case=${one.id}`,
    );
    const canvas = page.locator('.timeline-canvas');
    await canvas.waitFor();
    const box = (await canvas.boundingBox())!;
    const xOf = (ms: number): number => 64 + ((ms + 10) / 1020) * (box.width - 64);
    const y = 22 + 15;
    await canvas.click({ position: { x: xOf(500), y } });
    expect(await page.textContent('.timeline-detail')).toContain('at 500');
    await page.mouse.move(box.x + xOf(850), box.y + y);
    await page.mouse.down();
    await page.mouse.move(box.x + xOf(950), box.y + y, { steps: 4 });
    await page.mouse.up();
    await page.waitForTimeout(100);
    // What stood at 900 is in the middle now.
    await canvas.click({ position: { x: 64 + (box.width - 64) / 2, y } });
    expect(await page.textContent('.timeline-detail')).toContain('at 900');
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('copies the command that repeats a case, and opens a case by its address', async () => {
    const one = sampleCase({ titlePath: ["it's <b>one</b>"] });
    const permissions = ['clipboard-read', 'clipboard-write'];
    const { page, troubles } = await open(
      { record: sampleRun([one]), timeline: [] },
      { permissions },
      `#case=${one.id}`,
    );
    await page.click('.facts button');
    await page.waitForSelector('text=copied');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(one.repeatCommand);
    expect(await page.textContent('.recorded')).toContain('Nothing was recorded');
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('runs nothing that a device says, and shows it', async () => {
    const nasty = NASTY_LINES.join('\n');
    const one = sampleCase({
      titlePath: [...NASTY_LINES],
      verdict: 'failed',
      failures: [{ message: nasty, hint: nasty, evidence: [{ title: nasty, lines: NASTY_LINES }] }],
    });
    const timeline = NASTY_LINES.map((text, index) => ({
      atMs: index,
      rig: one.rig,
      lane: 'serial' as const,
      name: 'line',
      text,
    }));
    const { page, troubles } = await open(
      { record: sampleRun([one], { command: nasty, notes: [nasty] }), timeline },
      {},
      `#case=${one.id}`,
    );
    await page.waitForSelector('.log-row');
    expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.locator('.log-row .log-text').allTextContents()).toEqual(
      expect.arrayContaining([NASTY_LINES[0], NASTY_LINES[1], 'red and cleared']),
    );
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('with 200 cases and 200 000 events opens and answers at once', async () => {
    const run = largeRun(200, 200_000);
    const { page, troubles, openMs } = await open(run);
    const caseMs = await timed(async () => {
      await page.click('.case-row.is-failed .case-title');
      await page.waitForSelector('.log-row');
    });
    const filterMs = await timed(async () => {
      await page.fill('#filter-text', 'ESPRIG_DUT_CONTRACT');
      await page.locator('#filter-status', { hasText: `${run.record.totals.failed} of` }).waitFor();
    });
    await page.fill('#filter-text', '');
    await page.screenshot({ path: join(PICTURES, 'page.png') });
    // A machine that does other things too is allowed for; on an idle one it is a tenth of this.
    expect(openMs).toBeLessThan(20_000);
    expect(caseMs).toBeLessThan(10_000);
    expect(filterMs).toBeLessThan(10_000);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('with 100 000 events in one case too, and in the dark', async () => {
    const run = largeRun(1, 100_000);
    const { page, troubles } = await open(run, { colorScheme: 'dark' });
    const caseMs = await timed(async () => {
      await page.click('.case-title');
      await page.waitForSelector('.log-row');
    });
    await page.focus('.timeline-canvas');
    const zoomMs = await timed(async () => {
      for (const key of ['+', '+', 'ArrowRight', '-', '0']) await page.keyboard.press(key);
    });
    await page.screenshot({ path: join(PICTURES, 'dark.png') });
    expect(caseMs).toBeLessThan(10_000);
    expect(zoomMs).toBeLessThan(10_000);
    expect(await page.locator('.log-row').count()).toBeLessThan(100);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('has names for what can be pressed, and follows the choice of theme', async () => {
    const { page, troubles } = await open(largeRun(6, 60));
    const nameless = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('button, input, select, a')]
        .filter((one) => !(one.textContent + (one.ariaLabel ?? '') + (one.labels?.[0]?.textContent ?? '')).trim())
        .map((one) => one.outerHTML)`,
    );
    expect(nameless).toEqual([]);
    const background = async (): Promise<string> =>
      page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.click('.theme');
    expect(await background()).not.toBe(light);
    expect(await page.textContent('.theme')).toBe('theme: dark');
    expect(troubles).toEqual([]);
    await page.context().close();
  });
});

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
