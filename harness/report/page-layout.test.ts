/** What of the page is where, in windows from that of a desk to that of a pocket. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import { runWithNights } from './testkit/sample-history';
import { hasBrowser, PageBrowser, PICTURES } from './testkit/page-browser';
import { largeRun, sampleCase, sampleRun } from './testkit/sample-run';
import type { MetricRecord, TimelineRecord } from './run-record';

const describeWithBrowser = hasBrowser ? describe : describe.skip;
jest.setTimeout(180_000);

let browser: PageBrowser | undefined;
beforeAll(async () => {
  if (hasBrowser) browser = await PageBrowser.start();
});
afterAll(() => browser?.[Symbol.asyncDispose]());

const open: PageBrowser['open'] = (...args) => browser!.open(...args);
const windowOf = (width: number) => ({ viewport: { width, height: 900 } });

describeWithBrowser('a case that was clicked elsewhere on the page', () => {
  test.each([1440, 900, 400])('is in view, and the bar does not lie over it, at %d px', async (width) => {
    const { page } = await open(largeRun(200, 200), windowOf(width));
    const link = page.locator('.blame-card a').first();
    const id = (await link.getAttribute('href'))!.replace('#case=', '');
    await link.click();
    await page.waitForSelector('.case-panel');
    const row = (await page.locator(`[id="${id}"]`).boundingBox())!;
    const bar = (await page.locator('.filter').boundingBox())!;
    expect(row.y).toBeGreaterThanOrEqual(Math.max(0, bar.y + bar.height));
    expect(row.y).toBeLessThan(160);
    // In a small window the bar would take a fifth of what there is: it stays behind.
    if (width < 800) expect(bar.y + bar.height).toBeLessThanOrEqual(0);
    else expect(bar.y).toBe(0);
    await page.context().close();
  });
});

const METRICS: readonly MetricRecord[] = ['virtual-1mb', 'virtual-2mb'].flatMap((rig) => [
  { name: 'upload beside a client that sleeps', value: 459.61, unit: 'ms', rig, better: 'less' },
  { name: 'update time', value: 1_204_111, unit: 'ms', rig, better: 'less' },
  { name: 'update time', value: 1_336_333, unit: 'ms', rig, better: 'less' },
  { name: 'lowest heap', value: 19_832, unit: 'bytes', rig, better: 'more' },
]);

describeWithBrowser('what was measured', () => {
  test.each([1440, 1280, 900, 800, 400])(
    'is there to its end, with the dot of this run, at %d px',
    async (width) => {
      const { page, troubles } = await open(runWithNights(4, { metrics: METRICS }), windowOf(width));
      const table = page.locator('.metrics');
      await table.scrollIntoViewIfNeeded();
      expect(await page.locator('.metrics .spark').count()).toBe(6);
      const beyond = await page.evaluate<readonly string[]>(
        `[...document.querySelectorAll('.metrics th, .metrics td, .metrics span, .metrics .dot')]
          .filter((one) => one.checkVisibility())
          .filter((one) => one.getBoundingClientRect().right > document.querySelector('.metrics').closest('section').getBoundingClientRect().right + 0.5)
          .map((one) => one.tagName + ': ' + one.textContent)`,
      );
      expect(beyond).toEqual([]);
      const over = await page.evaluate<readonly string[]>(
        `[...document.querySelectorAll('.metrics th, .metrics td')]
          .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
          .map((one) => one.textContent)`,
      );
      expect(over).toEqual([]);
      const first = page.locator('.metrics tbody tr').first();
      for (const text of ['upload beside', 'virtual-1mb', '460\u00a0ms', '(20)']) {
        expect(await first.getByText(text).locator('visible=true').count()).toBe(1);
      }
      await table.screenshot({ path: join(PICTURES, `measured-${String(width)}.png`) });
      expect(troubles).toEqual([]);
      await page.context().close();
    },
  );

  test('has no range where there is none', async () => {
    const same = [1, 2, 3].map(() => ({ name: 'lines', value: 0, unit: 'lines', rig: 'r' }));
    const one = { name: 'boot time', value: 7, unit: 'ms', rig: 'r' };
    const { page } = await open({ record: sampleRun([], { metrics: [...same, one] }), timeline: [] });
    const cells = await page.locator('.metrics td.now').allTextContents();
    expect(cells).toEqual(['0\u00a0lines 3 times', '7\u00a0ms']);
    await page.context().close();
  });
});

describeWithBrowser('a case that ran on several rigs', () => {
  const failed = (rig: string) =>
    sampleCase({ titlePath: ['a case'], rig, verdict: 'failed', blame: 'dut', elapsedMs: 7 });

  test('is named with its rig wherever its title stands alone', async () => {
    const cases = ['virtual-1mb', 'virtual-2mb'].map(failed);
    const { page } = await open({ record: sampleRun(cases), timeline: [] });
    for (const list of ['.blame-card li', '.slowest li']) {
      const [first, second, ...others] = await page.locator(list).allInnerTexts();
      expect(first).toMatch(/a case\s*virtual-1mb/);
      expect(second).toMatch(/a case\s*virtual-2mb/);
      expect(others).toEqual([]);
    }
    await page.context().close();
  });

  test('among the news, too', async () => {
    const { page } = await open(runWithNights(60));
    expect(await page.locator('.news-card.is-worse li').first().innerText()).toMatch(/virtual-[12]mb/);
    await page.context().close();
  });

  test('on one rig needs no such name', async () => {
    const { page } = await open({ record: sampleRun([failed('virtual-1mb')]), timeline: [] });
    expect(await page.locator('.blame-card li').innerText()).toBe('a case');
    expect(await page.locator('.slowest li').innerText()).not.toContain('virtual-1mb');
    await page.context().close();
  });
});

describeWithBrowser('the console and the event stream', () => {
  const one = sampleCase({ titlePath: ['a'], elapsedMs: 1000 });
  const timeline = Array.from({ length: 60 }, (_, index): readonly TimelineRecord[] => {
    const text = `I (${index}) ota: a block of the image is at its place at 0x${index}000`;
    const where = { atMs: 10 * index, rig: one.rig };
    return [
      { ...where, lane: 'serial', name: 'line', text },
      // One of ten is lost.
      ...(index % 10 === 5 ? [] : [{ ...where, lane: 'sse' as const, name: 'log', text }]),
    ];
  }).flat();
  const shown = async (width: number) => {
    const opened = await open({ record: sampleRun([one]), timeline }, windowOf(width));
    await opened.page.click('.case-title');
    await opened.page.waitForSelector('.log-row');
    await opened.page.locator('.log').scrollIntoViewIfNeeded();
    return opened;
  };
  const lines = 'document.querySelectorAll(".log-row .log-text")';

  test('stand side by side where there is room', async () => {
    const { page } = await shown(1280);
    const row = page.locator('.log-row.is-same').first();
    const [left, right] = await row.locator('.log-text').all();
    const [a, b] = [(await left!.boundingBox())!, (await right!.boundingBox())!];
    expect(b.y).toBe(a.y);
    expect(b.x).toBeGreaterThan(a.x + a.width);
    await page.context().close();
  });

  test.each([800, 400])('stand one over the other at %d px: each line has the width', async (width) => {
    const { page, troubles } = await shown(width);
    const widths = await page.evaluate<readonly number[]>(`[...${lines}].map((one) => one.clientWidth)`);
    expect(widths.length).toBeGreaterThan(10);
    expect(Math.min(...widths)).toBeGreaterThan(width * 0.55);
    const texts = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('.log-row.is-same .log-text')].slice(0, 4).map((one) => one.textContent)`,
    );
    expect(texts[1]).toBe(texts[0]);
    expect(texts[3]).toBe(texts[2]);
    // Whose line it is can be read, and heard.
    expect(await page.locator('.log-row.of-stream').first().innerText()).toMatch(/^stream/);
    await page.locator('.log').screenshot({ path: join(PICTURES, `log-${String(width)}.png`) });
    await page.click('text=only what differs');
    expect(await page.locator('.log-row').allInnerTexts()).toContainEqual(
      expect.stringMatching(/^0\.\d+ s\s+I \(5\) .*\s+lost$/),
    );
    expect(await page.locator('.log-row').count()).toBe(6);
    // A window that grows has them side by side again.
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.waitForSelector('.log:not(.stacked)');
    expect(await page.locator('.log-row.of-stream').count()).toBe(0);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('are found in time by a click on the timeline, stacked too', async () => {
    const { page } = await shown(400);
    await page.focus('.timeline-canvas');
    for (let count = 0; count < 110; count++) await page.keyboard.press('n');
    await page.waitForSelector('.log-row.is-marked');
    const [, number] = /I \((\d+)\)/.exec((await page.textContent('.timeline-detail'))!)!;
    expect(await page.locator('.log-row.is-marked .log-text').first().innerText()).toContain(
      `I (${number!})`,
    );
    const marked = (await page.locator('.log-row.is-marked').first().boundingBox())!;
    const log = (await page.locator('.log').boundingBox())!;
    expect(marked.y).toBeGreaterThan(log.y);
    expect(marked.y + marked.height).toBeLessThan(log.y + log.height);
    await page.context().close();
  });
});
