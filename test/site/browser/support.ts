import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { buildSite } from '#site/build.ts';
import { healthy } from '#test/site/browser/answers.ts';
import { findChromium } from '#test/site/browser/chromium.ts';
import { PageServer } from '#test/site/browser/server.ts';

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 900 };

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Starts Chromium for the tests of a file. The page is our own: the sandbox, which root cannot have, is not needed. */
export function withBrowser(): { context: (options?: ContextOptions) => Promise<BrowserContext> } {
  let browser: Browser | undefined;
  const contexts: BrowserContext[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findChromium(), chromiumSandbox: false });
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
  });
  return {
    context: async ({ viewport = DESK, colorScheme = 'light', reducedMotion = 'reduce' } = {}) => {
      if (!browser) throw new Error('the browser is not started');
      const made = await browser.newContext({ viewport, colorScheme, reducedMotion });
      made.setDefaultTimeout(10_000);
      contexts.push(made);
      return made;
    },
  };
}

interface ContextOptions {
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
  reducedMotion?: 'reduce' | 'no-preference';
}

/** The built page at an address of its own, with a fake API that answers `GET /health` and nothing else yet. */
export function withPage() {
  const { context } = withBrowser();
  let folder: string;
  let server: PageServer;
  let address: string;
  const complaints: string[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'presage-site-'));
    await buildSite(folder);
    server = new PageServer(folder);
    address = await server.start();
  });
  beforeEach(() => {
    server.forget();
    server.repliesTo('GET /health', healthy);
    complaints.length = 0;
  });
  // Whatever a test looks at: no script fails, nothing is against the content security policy.
  afterEach(() => expect(complaints, 'said on the console').toEqual([]));
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    api: {
      repliesTo: (...args: Parameters<PageServer['repliesTo']>) => server.repliesTo(...args),
      seen: () => server.seen,
    },
    open: async (options: ContextOptions & { fragment?: string } = {}): Promise<Page> => {
      const page = await (await context(options)).newPage();
      listen(page, complaints);
      await page.goto(`${address}${options.fragment ?? ''}`);
      return page;
    },
  };
}

/** Collects what the console complains of; that an answer was no success, which browsers write there, is no complaint. */
export function listen(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    if (
      /^Failed to load resource: (the server responded with a status of|net::ERR_EMPTY_RESPONSE)/.test(message.text())
    )
      return;
    complaints.push(message.text());
  });
}

/** What axe finds wrong with the page as it is, each with the elements. */
export async function axeFindings(page: Page): Promise<string[]> {
  const findings = (await page.evaluate(`(() => { ${axe}; return axe.run(); })()`)) as {
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return findings.violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${impact} ${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}

/** A picture of the whole page for people to look at, where SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const { SCREENSHOTS } = process.env;
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true, animations: 'disabled' });
}

/** Whether the page is wider than its window, in which case people have to scroll sideways. */
export const overflows = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');

/** The `id` of the element that has the focus, or else its text. */
export const focus = (page: Page): Promise<string> =>
  page.evaluate('document.activeElement.id || document.activeElement.textContent');
