import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { runWithNights, sampleNights } from './testkit/sample-history';
import { hasBrowser, nextFrame, PageBrowser, PICTURES, timed, untilTrue } from './testkit/page-browser';
import { largeRun, NASTY_LINES, sampleCase, sampleRun } from './testkit/sample-run';
import type { Verdict } from './run-record';
import { newsOf, trendOf } from './trend';

/** Evaluated in the page. */
const CANVAS = `document.querySelector('.timeline-canvas')`;
const describeWithBrowser = hasBrowser ? describe : describe.skip;

/** The big pages on a machine that is busy with other tests. */
jest.setTimeout(180_000);

let browser: PageBrowser | undefined;
beforeAll(async () => {
  if (hasBrowser) browser = await PageBrowser.start();
});
afterAll(() => browser?.[Symbol.asyncDispose]());

const open: PageBrowser['open'] = (...args) => browser!.open(...args);

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
    await nextFrame(page);
    const colours = await page.evaluate<number>(
      `new Set(new Uint32Array(${CANVAS}.getContext('2d').getImageData(0, 0, 900, 200).data.buffer)).size`,
    );
    expect(colours).toBeGreaterThan(50);
    await page.screenshot({ path: join(PICTURES, 'case.png') });
    await page.locator('.case-panel').screenshot({ path: join(PICTURES, 'case-whole.png') });
    await page.focus('.timeline-canvas');
    await nextFrame(page);
    const all = await page.evaluate<string>(`${CANVAS}.toDataURL()`);
    const inkIs = (isSame: boolean): Promise<void> =>
      untilTrue(page, `(${CANVAS}.toDataURL() === ${JSON.stringify(all)}) === ${String(isSame)}`);
    await page.keyboard.press('+');
    await inkIs(false);
    await page.keyboard.press('0');
    await inkIs(true);
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
    await nextFrame(page);
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

  test('shows how each case went in the runs before, what is new, and what is usual', async () => {
    const run = runWithNights(250);
    const { page, troubles } = await open(run);
    const { worse, better, flaky } = run.record.news!;
    expect(Math.min(worse.length, better.length, flaky.length)).toBeGreaterThan(0);
    for (const [kind, ids] of Object.entries({ worse, better, flaky })) {
      expect(await page.textContent(`.news-card.is-${kind} .count`)).toContain(` ${ids.length}`);
      expect(await page.locator(`.news-card.is-${kind} li`).count()).toBe(ids.length);
    }
    expect(await visible(page, '.case-row .flaky')).toBe(flaky.length);
    expect(await page.locator('.case-row .strip').count()).toBe(250);
    // Drawn, and not one over the other: each bar of twenty runs has its place.
    const drawn = await page.getAttribute('.case-row.is-passed .strip-bar.is-passed', 'd');
    expect(new Set(drawn?.match(/M\d+/g)).size).toBeGreaterThan(10);
    const colours = await page.evaluate<readonly string[]>(
      `['.strip-bar.is-failed', '.strip-bar.is-passed'].map((one) => getComputedStyle(document.querySelector(one)).fill)`,
    );
    expect(new Set(colours).size).toBe(2);
    expect(await page.locator('.metrics .spark').count()).toBe(3);
    expect(await page.textContent('.metrics tbody tr')).toMatch(/boot time.*312\u00a0ms.*… .*ms \(20\)/s);
    await page.screenshot({ path: join(PICTURES, 'trend.png') });
    await page.locator('.metrics').screenshot({ path: join(PICTURES, 'measured.png') });
    await page.locator('.news-card.is-worse a').first().click();
    await page.waitForSelector('.history-plot');
    const first = worse[0]!;
    expect(await page.locator(`[id="panel-${first}"] .history-plot a`).first().getAttribute('href')).toMatch(
      new RegExp(`^\\.\\./night-\\d+/index\\.html#case=${first}$`),
    );
    await page.locator('.history-plot').screenshot({ path: join(PICTURES, 'case-history.png') });
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test.each([1280, 800, 420])(
    'has nothing that lies over its neighbour or beyond the edge at %d px',
    async (width) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page, troubles } = await open(runWithNights(250), {
          viewport: { width, height: 900 },
          colorScheme,
        });
        const reaches = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect(reaches).toBeLessThanOrEqual(width);
        // Text that is wider than its cell and not cut off lies over the next one.
        const over = await page.evaluate<
          readonly string[]
        >(`[...document.querySelectorAll('.cases td, .cases th, .card h3, .news-words')]
        .filter((one) => one.offsetParent !== null && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflow === 'visible' && getComputedStyle(one).display !== 'inline')
        .map((one) => one.className + ': ' + one.textContent.slice(0, 60))`);
        expect(over).toEqual([]);
        await page.screenshot({ path: join(PICTURES, `trend-${String(width)}-${colorScheme}.png`) });
        await page.evaluate(`document.getElementById('cases').scrollIntoView()`);
        await page.screenshot({ path: join(PICTURES, `cases-${String(width)}-${colorScheme}.png`) });
        expect(troubles).toEqual([]);
        await page.context().close();
      }
    },
  );

  test('of a first run shows no trend and no empty frame for one', async () => {
    const { record, timeline } = largeRun(6, 60);
    const trend = trendOf(record, { rows: [], notes: [] });
    for (const run of [
      { record, timeline },
      { record, timeline, trend },
    ]) {
      const { page, troubles } = await open(run);
      expect(await page.locator('.news, .news-none, .strip, .spark, .col-trend, .small-print').count()).toBe(
        0,
      );
      expect(await page.locator('.cases thead th').count()).toBe(5);
      await page.click('.case-title');
      expect(await page.locator('.history-plot').count()).toBe(0);
      expect(troubles).toEqual([]);
      await page.context().close();
    }
  });

  test('says that nothing is new, and what of the history could not be read', async () => {
    const { record, timeline } = largeRun(4, 40);
    const rows = sampleNights(record, { count: 3 });
    const trend = trendOf(record, { rows, notes: ['2 earlier runs are in another format'] });
    const { page } = await open({ record: { ...record, news: newsOf(record, trend) }, timeline, trend });
    expect(await page.textContent('.news-none')).toBe(
      'Nothing new since 21 Nov 20:15: 4 cases came out as when they were last run.',
    );
    expect(await page.textContent('.small-print')).toBe('2 earlier runs are in another format');
    await page.context().close();
  });

  test.each([
    { passed: 5, skipped: 5, says: 'Cut short: 5 of 10 cases were run.' },
    { passed: 0, skipped: 3, says: 'Cut short: 0 of 3 cases were run.' },
    // What would have come after is not known.
    { passed: 1, skipped: 0, says: 'Cut short after 1 case.' },
    { passed: 2, failed: 1, says: 'The firmware fails 1 of 3 cases. Cut short after 3 cases.' },
  ])('a run that was cut short is not green: $says', async ({ says, ...counts }) => {
    const cases = Object.entries<number | undefined>(counts).flatMap(([verdict, count]) =>
      Array.from({ length: count ?? 0 }, (_, index) =>
        sampleCase({ titlePath: [`${verdict} ${index}`], verdict: verdict as Verdict }),
      ),
    );
    const record = sampleRun(cases, { exitCode: 3, cutShort: 'The run was interrupted (SIGINT).' });
    const { page, troubles } = await open({ record, timeline: [] });
    expect(await page.textContent('h1')).toBe(says);
    expect(await page.getAttribute('.head', 'class')).toBe('head is-broken');
    const colour = await page.evaluate<string>(
      `getComputedStyle(document.querySelector('.say-broken')).color`,
    );
    expect(colour).toBe('rgb(152, 85, 0)');
    expect(await page.title()).toMatch(/^esprig: cut short, /);
    const icon = decodeURIComponent((await page.getAttribute('link[rel=icon]', 'href')) ?? '');
    expect(icon).toContain('failed' in counts ? '#d1373f' : '#c77700');
    await page.screenshot({ path: join(PICTURES, 'cut-short.png') });
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('leads to the packets of a case', async () => {
    const one = sampleCase({ titlePath: ['a'], startedAtMs: 1500, elapsedMs: 250, capture: 'air.pcap' });
    const captures = [
      { file: 'air.pcap', rig: one.rig, packets: 12, sizeBytes: 4096, fromMs: 10, toMs: 1750 },
    ];
    const { page, troubles } = await open(
      { record: sampleRun([one], { captures }), timeline: [] },
      {},
      `#case=${one.id}`,
    );
    expect(await page.getAttribute('.case-panel a[href="air.pcap"]', 'href')).toBe('air.pcap');
    const startS = Date.UTC(2026, 10, 22, 20, 15, 28) / 1000;
    expect(await page.textContent('.case-panel')).toContain(
      `frame.time_epoch >= ${startS + 1}.500 && frame.time_epoch <= ${startS + 1}.750`,
    );
    expect(await page.textContent('#rigs-title ~ .cards')).toContain('12 packets');
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('can be worked by keys alone: filter, case, and the way into an earlier run', async () => {
    const { page, troubles } = await open(runWithNights(30));
    await page.focus('.chip.is-failed');
    await page.keyboard.press('Space');
    expect(await page.getAttribute('.chip.is-failed', 'aria-pressed')).toBe('true');
    await page.focus('.case-row.is-failed .case-title');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.history-plot');
    await page.focus('.history-plot a');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toMatch(
      /^\d+ \w+ 20:15: (passed|failed|broken), /,
    );
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('has contrast enough for every small text, by day and by night', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open(runWithNights(60), { colorScheme });
      const poor = await page.evaluate<readonly string[]>(CONTRAST_BELOW_4_5);
      expect(poor).toEqual([]);
      await page.context().close();
    }
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

/**
 * Texts whose contrast is below 4.5 (WCAG 2.2, 1.4.3): against the nearest background that is not see-through; mixed
 * colours are drawn on a canvas to be read. Evaluated in the page.
 */
const CONTRAST_BELOW_4_5 = `(() => {
  const paper = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const over = (colours) => {
    paper.fillStyle = '#fff';
    paper.fillRect(0, 0, 1, 1);
    for (const colour of colours) { paper.fillStyle = colour; paper.fillRect(0, 0, 1, 1); }
    return [...paper.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = new Set();
  for (const one of document.querySelectorAll('main *, header *')) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!own || one.offsetParent === null || one.closest(':disabled')) continue;
    const stack = [];
    for (let at = one; at !== null; at = at.parentElement) stack.unshift(getComputedStyle(at).backgroundColor);
    const back = over(stack);
    const ink = over([...stack, getComputedStyle(one).color]);
    const [a, b] = [light(back), light(ink)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.add(one.tagName + '.' + one.className + ' ' + ratio.toFixed(2));
  }
  return [...poor];
})()`;
