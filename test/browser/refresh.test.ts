import { expect } from 'chai';
import type { Page, Route } from 'playwright-core';
import { listeningUrl, Program, until } from '../helpers/program.js';
import { cloudEnv, type Rig } from '../program/rig.js';
import { type Tab, withTab } from './browser.js';
import './hooks.js';
import { domainId, many, STATES, withState } from './states.js';

/** More than the 5 s after which the page asks again, on a busy machine too. */
const SOON = 30_000;

/** Another server of 1 vCPU in acme, and a scrape that sees it. */
async function grow(rig: Rig): Promise<void> {
  const { world } = rig;
  world.addServer({ projectId: world.findProject(domainId(world, 'acme'), 'acme')!.id });
  await rig.metrics();
}

/** The page's time passes as it is told to, and as it does in reality. */
async function withOwnClock({ page }: Tab): Promise<void> {
  await page.clock.install();
  await page.reload();
}

const vcpus = async (page: Page): Promise<number> =>
  Number((await page.locator('.figure').first().innerText()).replace(/\D/g, ''));

const news = (page: Page): Promise<string> => page.locator('#news').innerText();

/** What the browser says of an answer that is none. */
const NETWORK = /^console: Failed to load resource/;

/** Takes the complaints that are right, and leaves the others. */
function forgive(tab: Tab, pattern = NETWORK): number {
  const others = tab.complaints.filter((text) => !pattern.test(text));
  const count = tab.complaints.length - others.length;
  tab.complaints.splice(0, Infinity, ...others);
  return count;
}

describe('the status page as time goes by', () => {
  it('shows a new snapshot by itself, and leaves what the reader has opened, ticked, focused and scrolled', async () => {
    await withState(STATES['partial']!(), async (rig) => {
      await withTab(rig.url, { viewport: { width: 1000, height: 500 } }, async (tab) => {
        const { page } = tab;
        const before = await vcpus(page);
        await page.locator('#only').check();
        await page.locator('summary').nth(1).click();
        const opened = await page.locator('details').nth(1).getAttribute('id');
        await page.locator('summary').nth(2).focus();
        await page.evaluate('scrollTo(0, 420)');
        const focus = 'document.activeElement.tagName + document.activeElement.parentElement.id';
        const focused = await page.evaluate(focus);
        await grow(rig);
        rig.takeCalls();
        await until('the new figures', SOON, async () => (await vcpus(page)) === before + 1);
        expect(await page.locator('details[open]').count()).to.equal(1);
        expect(await page.locator('details[open]').getAttribute('id')).to.equal(opened);
        expect(await page.locator('#only').isChecked()).to.equal(true);
        expect(await page.locator('tbody.ok').first().isVisible()).to.equal(false);
        expect(focused).to.match(/^SUMMARYdomain-/);
        expect(await page.evaluate(focus)).to.equal(focused);
        expect(await page.evaluate('scrollY')).to.equal(420);
        expect(await news(page), 'it is as partial as before, which is no news').to.equal('');
        expect(rig.takeCalls(), 'what the refresh asked of the cloud').to.deep.equal([]);
        await tab.expectAccessible('after a refresh');
      });
    });
  });

  it('tells of a change for the better or the worse, and puts the focus nowhere odd', async () => {
    await withState(STATES['partial']!(), async (rig) => {
      await withTab(rig.url, {}, async ({ page }) => {
        await page.locator('summary').nth(1).focus();
        rig.simulator.faults.clear();
        await rig.metrics();
        await until('the news', SOON, async () =>
          (await news(page)).includes('Partial: At least this is in use: 1 of 6'),
        );
        expect(await page.locator('summary').count()).to.equal(1);
        expect(await page.evaluate('document.activeElement.id'), 'what was focused is gone').to.equal('main');
        expect(await page.title()).to.equal('Partial – vhi-exporter');
      });
    });
  });

  it('shows the first snapshot on a page that was opened before it', async () => {
    await withState(STATES['never']!(), async (rig) => {
      await withTab(rig.url, {}, async (tab) => {
        await rig.metrics();
        await until('the news', SOON, async () => (await news(tab.page)).startsWith('Complete: All 6 domains'));
        expect(await tab.page.title()).to.equal('Complete – vhi-exporter');
        expect(await tab.page.locator('.age').innerText()).to.match(/^Collected \d+ s ago\.$/);
      });
    });
  });

  it('leaves a page alone that has not changed', async () => {
    await withState(STATES['all-well']!(), async (rig) => {
      await withTab(rig.url, {}, async (tab) => {
        const { page, answers } = tab;
        await withOwnClock(tab);
        await page.evaluate('document.querySelector("table").mark = 1');
        answers.length = 0;
        await page.clock.runFor(5100);
        await until('an answer', SOON, () => answers.length > 0);
        expect(answers).to.deep.equal(['304 /']);
        expect(await page.evaluate('document.querySelector("table").mark')).to.equal(1);
      });
    });
  });

  it('asks for nothing while it is paused, or hidden, and at once when it is not any more', async () => {
    await withState(STATES['all-well']!(), async (rig) => {
      await withTab(rig.url, {}, async (tab) => {
        const { page, answers } = tab;
        await withOwnClock(tab);
        const before = await vcpus(page);
        const hide = (hidden: boolean): Promise<unknown> =>
          page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
            document.dispatchEvent(new Event('visibilitychange'))`);
        await page.locator('#pause').click();
        await grow(rig);
        answers.length = 0;
        await page.clock.runFor(60_000);
        await hide(true);
        await hide(false);
        expect(await vcpus(page)).to.equal(before);
        expect(answers).to.deep.equal([]);
        await page.locator('#pause').click();
        await until('the new figures', 2000, async () => (await vcpus(page)) === before + 1);

        await hide(true);
        await grow(rig);
        answers.length = 0;
        await page.clock.runFor(60_000);
        expect(answers).to.deep.equal([]);
        await hide(false);
        await until('the new figures', 2000, async () => (await vcpus(page)) === before + 2);
      });
    });
  });

  it('counts the age of a snapshot up, and asks who still scrapes', async () => {
    await withState(STATES['all-well']!(), async (rig) => {
      await withTab(rig.url, {}, async (tab) => {
        const { page } = tab;
        await withOwnClock(tab);
        await page.locator('#pause').click();
        const age = (): Promise<string> => page.locator('.age').innerText();
        await page.clock.fastForward('05:00');
        expect(await age()).to.equal('Collected 5 min ago.');
        await page.clock.fastForward('03:00:00');
        expect(await age()).to.match(/^Collected 3 h ago\.\s+Nobody has asked for metrics since/);
        await page.locator('#pause').click();
        await until('the exporter’s own time', SOON, async () => /^Collected \d\d? s ago\.$/.test(await age()));
      });
    });
  });

  it('says so when the exporter is gone, and when it is back', async () => {
    await withState(STATES['partial']!(), async (rig) => {
      await withTab(rig.url, {}, async (tab) => {
        const { page } = tab;
        const gone = page.getByRole('alert');
        const before = await vcpus(page);
        await rig.program.stop();
        await gone.waitFor({ state: 'visible', timeout: SOON });
        expect(await gone.innerText()).to.match(
          /^No news from the exporter since \d\d:\d\d:\d\d UTC \(no connection\)\. The figures below are older\.$/,
        );
        expect(await page.title()).to.equal('No answer – vhi-exporter');
        expect(await vcpus(page), 'the old figures').to.equal(before);
        await tab.expectAccessible('gone');
        await tab.screenshot('gone-desktop-light', { fullPage: false });
        const { port } = new URL(rig.url);
        const again = new Program([`--domains.file=${rig.file}`, `--web.listen-address=127.0.0.1:${port}`], {
          env: cloudEnv(rig.simulator),
        });
        try {
          await listeningUrl(again);
          await gone.waitFor({ state: 'hidden', timeout: SOON });
          expect(await news(page)).to.match(/^The exporter answers again\. Waiting: Nothing was collected yet/);
          expect(await page.title()).to.equal('Waiting – vhi-exporter');
          expect(await page.locator('.figure').count(), 'the old figures are gone').to.equal(0);
        } finally {
          await again.kill();
        }
        expect(forgive(tab)).to.be.greaterThan(0);
      });
    });
  });

  describe('does not take for the page', () => {
    const answers: [what: string, why: string, answer: (route: Route) => Promise<void>][] = [
      ['HTTP 500', 'it answers HTTP 500', (route) => route.fulfill({ status: 500, body: 'broken' })],
      ['a proxy’s 502', 'it answers HTTP 502', (route) => route.fulfill({ status: 502, body: '<main>oops</main>' })],
      ['another page', 'it answers with another page', (route) => route.fulfill({ body: '<main>Log in</main>' })],
      [
        'a redirect',
        'it answers with a redirect',
        (route) => route.fulfill({ status: 302, headers: { Location: '/-/healthy' } }),
      ],
      ['a connection that breaks', 'no connection', (route) => route.abort('connectionreset')],
      ['silence', 'it takes too long', () => Promise.resolve()],
    ];
    for (const [what, why, answer] of answers) {
      it(`${what}, says what it is, and goes on asking`, async () => {
        await withState(STATES['all-well']!(), async (rig) => {
          await withTab(rig.url, {}, async (tab) => {
            const { page } = tab;
            const before = await vcpus(page);
            await withOwnClock(tab);
            await page.route('**/', answer);
            await page.clock.runFor(5100);
            // Only then: no answer, however quick, comes within time that is skipped.
            if (what === 'silence') await page.clock.runFor(10_100);
            await page.getByRole('alert').waitFor({ state: 'visible', timeout: SOON });
            expect(await page.getByRole('alert').innerText()).to.contain(`(${why})`);
            expect(await vcpus(page)).to.equal(before);
            await page.unroute('**/');
            await page.clock.runFor(5100);
            await page.getByRole('alert').waitFor({ state: 'hidden', timeout: SOON });
            expect(await news(page)).to.match(/^The exporter answers again\. Complete/);
            forgive(tab);
          });
        });
      });
    }
  });

  it('loads itself anew when the exporter was replaced by another version', async () => {
    await withState(STATES['all-well']!(), async (rig) => {
      await withTab(rig.url, {}, async (tab) => {
        const { page } = tab;
        await withOwnClock(tab);
        await page.evaluate('globalThis.mark = 1');
        await page.evaluate('document.documentElement.dataset.build = "older"');
        await grow(rig);
        const loaded = page.waitForEvent('load', { timeout: SOON });
        await page.clock.runFor(5100);
        await loaded;
        expect(await page.evaluate('globalThis.mark')).to.equal(undefined);
        expect(await page.evaluate('document.documentElement.dataset.build')).not.to.equal('older');
      });
    });
  });

  it('runs nothing that a label holds when it refreshes', async () => {
    await withState(STATES['nasty']!(), async (rig) => {
      await withTab(rig.url, {}, async ({ page }) => {
        const before = await vcpus(page);
        rig.world.addServer({ projectId: rig.world.findProject(domainId(rig.world, 't3'), 't3')!.id });
        await rig.metrics();
        await until('the new figures', SOON, async () => (await vcpus(page)) === before + 1);
        expect(await page.locator('script').count()).to.equal(1);
        expect(await page.locator('img').count()).to.equal(0);
      });
    });
  });

  it('refreshes 1,000 domains without a noticeable stop', async () => {
    await withState(many(1000), async (rig) => {
      await withTab(rig.url, {}, async ({ page }) => {
        await page.evaluate(`globalThis.longest = 0;
          new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
          }).observe({ type: 'longtask' })`);
        const before = await page.locator('.facts').innerText();
        await rig.metrics();
        await until('the new snapshot', 2 * SOON, async () => (await page.locator('.facts').innerText()) !== before);
        const longest = await page.evaluate<number>('longest');
        console.log(`      1,000 domains: the longest stop was ${longest} ms`);
        expect(longest, 'ms').to.be.lessThan(3000);
      });
    });
  });
});
