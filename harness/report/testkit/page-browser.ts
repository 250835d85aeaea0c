/** The report's page in Debian's Chromium: from disk, without a network, and every complaint of the browser heard. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { RealClock } from '../../core/clock';
import { renderHtml } from '../html';
import type { RunRecord, TimelineRecord } from '../run-record';
import type { Trend } from '../trend';

/** Installed by set-up; where it is not, the rest of the page's tests must do. */
const CHROMIUM = '/usr/bin/chromium';

export const hasBrowser = existsSync(CHROMIUM);

/** Where tests leave pictures for whoever wants to look. */
export const PICTURES = join(__dirname, '..', '..', '..', 'build', 'report-page');

export interface ShownRun {
  readonly record: RunRecord;
  readonly timeline: readonly TimelineRecord[];
  readonly trend?: Trend;
}

export interface Opened {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, and requests for anything but the file itself. */
  readonly troubles: readonly string[];
  readonly openMs: number;
}

export class PageBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #folder = mkdtempSync(join(tmpdir(), 'esprig-page-'));
  #count = 0;

  private constructor(browser: Browser) {
    this.#browser = browser;
    mkdirSync(PICTURES, { recursive: true });
  }

  static async start(): Promise<PageBrowser> {
    // Root has no sandbox to offer; the page is our own and there is no network.
    return new PageBrowser(await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] }));
  }

  async open(run: ShownRun, options: BrowserContextOptions = {}, hash = ''): Promise<Opened> {
    const file = join(this.#folder, `report-${String(this.#count++)}.html`);
    writeFileSync(file, renderHtml(run.record, run.timeline, run.trend));
    const context = await this.#browser.newContext({
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What is drawn comes with the next frame, and that takes as long as the machine lets it. */
export async function nextFrame(page: Page): Promise<void> {
  await page.evaluate('new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))');
}

const TRUE_LIMIT_MS = 20_000;

/**
 * Asks frame by frame until an expression is true. Playwright's own way evaluates within the page from the second look on,
 * and the page's policy forbids that.
 */
export async function untilTrue(page: Page, expression: string): Promise<void> {
  const clock = new RealClock();
  const endMs = clock.nowMs() + TRUE_LIMIT_MS;
  while (!(await page.evaluate<boolean>(expression))) {
    if (clock.nowMs() > endMs)
      throw new Error(`not true within ${TRUE_LIMIT_MS} ms: ${expression.slice(0, 80)}`);
    await nextFrame(page);
  }
}

export async function timed(work: () => Promise<void>): Promise<number> {
  const clock = new RealClock();
  const startedMs = clock.nowMs();
  await work();
  return clock.nowMs() - startedMs;
}
