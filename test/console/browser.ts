import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Where Debian's package `chromium` puts it. */
const CHROMIUM = '/usr/bin/chromium';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Whether there is a Chromium. @throws Error in CI when there is none. */
export function hasChromium(): boolean {
  if (existsSync(CHROMIUM)) return true;
  const missing = `there is no ${CHROMIUM}: apt-get install chromium`;
  if (process.env['CI'] === 'true')
    throw new Error(`CI=true, so the console is tested, but ${missing}`);
  process.stderr.write(`NO CHROMIUM: the console is not tested (${missing})\n`);
  return false;
}

/** A Chromium with nothing in it that a run before has left. */
export async function startChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
}

/** A page in a fresh profile, and what went wrong in it or left the node that serves it. */
export class Visit implements AsyncDisposable {
  readonly page: Page;
  /** Errors on the page's own console, refusals of its policy among them. */
  readonly errors: string[] = [];
  /** Origins that were asked for anything. */
  readonly origins = new Set<string>();

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    page.on('request', (request) => this.origins.add(new URL(request.url()).origin));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}

/** A page that has not been anywhere yet: `await using visit = await newVisit(browser)`. */
export async function newVisit(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
  return new Visit(await context.newPage());
}
