import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { expect } from 'chai';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { withPalette } from './png.js';

/* A real Chromium. Where there is none, these tests fail. */

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-lcd-text'],
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];

export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 780 };

let browser: Browser | null = null;
let pictures: string | null = null;
const done = { axeRuns: 0, violations: 0, screenshots: 0 };

export async function startBrowser(): Promise<void> {
  browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: FLAGS });
}

export async function stopBrowser(): Promise<void> {
  await browser?.close();
  browser = null;
}

export function report(): string {
  const { violations, axeRuns, screenshots } = done;
  return `axe violations: ${violations} in ${axeRuns} runs, screenshots taken: ${screenshots}`;
}

/** Where screenshots go. */
export function picturesFolder(): string {
  if (pictures === null) {
    const given = process.env['PICTURES'];
    if (given) mkdirSync(given, { recursive: true });
    pictures = given ?? mkdtempSync(join(tmpdir(), 'vhi-pictures-'));
    console.log(`screenshots go to ${pictures}`);
  }
  return pictures;
}

/** A page that is watched: whatever it complains of, or asks of others than the exporter, fails the test. */
export class Tab {
  readonly page: Page;
  readonly complaints: string[] = [];
  /** Answers to what the page asked, newest last: `200 /`. */
  readonly answers: string[] = [];

  constructor(page: Page, origin: string) {
    this.page = page;
    page.on('console', (message) => {
      // The browser asks for that by itself where it shows plain text, such as the metrics.
      if (message.location().url.endsWith('/favicon.ico')) return;
      if (['error', 'warning'].includes(message.type())) this.complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`script: ${error.message}`));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) this.complaints.push(`request: ${url}`);
    });
    page.on('response', (response) => {
      this.answers.push(`${response.status()} ${new URL(response.url()).pathname}`);
    });
  }

  expectCalm(): void {
    expect(this.complaints).to.deep.equal([]);
  }

  async screenshot(name: string, { fullPage = true } = {}): Promise<void> {
    await this.page.screenshot({ path: join(picturesFolder(), `${name}.png`), fullPage });
    done.screenshots++;
  }

  /** What is in view, small enough for a README. @returns its size in bytes */
  async picture(path: string): Promise<number> {
    const picture = withPalette(await this.page.screenshot());
    writeFileSync(path, picture);
    done.screenshots++;
    return picture.length;
  }

  /** Finds no fault by the rules of WCAG 2.1 A and AA, and of good practice. */
  async expectAccessible(where: string): Promise<void> {
    await this.page.evaluate(AXE);
    const { violations, passes } = await this.page.evaluate(
      // Runs in the page, where the sources above have put it.
      (tags) =>
        (globalThis as unknown as { axe: { run(context: object, options: object): Promise<AxeResults> } }).axe.run(
          { exclude: [] },
          { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] },
        ),
      AXE_TAGS,
    );
    done.axeRuns++;
    done.violations += violations.length;
    expect(passes.length, 'rules that axe could try').to.be.greaterThan(15);
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
    expect(told, where).to.deep.equal([]);
  }

  /** Nothing sticks out of the page to the right. */
  async expectNoSidewaysScroll(where: string): Promise<void> {
    // As text, since the compiler knows of no `document` here.
    const tooWide = await this.page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(tooWide, where).to.be.at.most(0);
  }
}

/** A window of its own, closed at the end; whatever the page has complained of by then fails the test. */
export async function withTab(
  origin: string,
  options: BrowserContextOptions,
  body: (tab: Tab, context: BrowserContext) => Promise<void>,
): Promise<void> {
  if (!browser) throw new Error('no browser was started');
  const context = await browser.newContext({ viewport: WIDE, ...options });
  try {
    const tab = new Tab(await context.newPage(), origin);
    await tab.page.goto(`${origin}/`);
    await body(tab, context);
    tab.expectCalm();
  } finally {
    await context.close();
  }
}
