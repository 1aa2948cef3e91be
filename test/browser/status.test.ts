import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { PHONE, picturesFolder, type Tab, WIDE, withTab } from './browser.js';
import './hooks.js';
import { many, NASTY, STATES, type State, statusText, withState } from './states.js';

const VIEWS = (['light', 'dark'] as const).flatMap((colorScheme) => [
  { name: `desktop-${colorScheme}`, colorScheme, viewport: WIDE },
  { name: `phone-${colorScheme}`, colorScheme, viewport: PHONE },
]);
/** The smallest that pages have to fit, both sides of where the table becomes cards, and some between. */
const WIDTHS = [320, 360, 540, 800, 928, 929, 1024];
const CLICKABLE = 'a, button, summary, input, [role=button], [onclick]';
const PICTURES = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));

/** Clicks all that can be clicked, and sees what it does. */
async function clickEverything({ page }: Tab, { apiStatus = 200 }: State): Promise<void> {
  const all = await page.locator(CLICKABLE).count();
  let clicked = 1; // The skip link, which the keyboard alone can reach.

  const rows = page.locator('tbody');
  const box = page.locator('#only');
  if ((await box.count()) > 0) {
    const ill = await page.locator('tbody:not(.ok)').count();
    await box.click();
    expect(await rows.filter({ visible: true }).count(), 'filtered')
      .to.equal(ill)
      .and.be.greaterThan(0);
    await box.click();
    expect(await rows.filter({ visible: true }).count(), 'all').to.equal(await rows.count());
    clicked++;
  }
  for (const link of await page.locator('.attention a').all()) {
    const label = await link.innerText();
    await link.click();
    const target = page.locator(`[id="${(await link.getAttribute('href'))!.slice(1)}"]`);
    const head = target.and(page.locator('h2')).or(target.locator('th'));
    expect((await head.innerText()).startsWith(label.replace(/…$/, '')), label).to.equal(true);
    expect(await head.isVisible()).to.equal(true);
    expect(new URL(page.url()).hash).to.match(/^#(file|domain-[0-9a-f]{12})$/);
    clicked++;
  }
  for (const details of await page.locator('details').all()) {
    await details.locator('summary').click();
    expect(await details.locator('p').isVisible()).to.equal(true);
    await details.locator('summary').click();
    expect(await details.locator('p').isVisible()).to.equal(false);
    clicked++;
  }
  for (const [button, pace] of [
    ['Pause', 'Paused'],
    ['Resume', 'Refreshes every 5 s'],
  ] as const) {
    await page.getByRole('button', { name: button }).click();
    expect(await page.locator('#pace').innerText()).to.equal(pace);
  }
  clicked++;
  for (const [name, status, start] of [
    ['Metrics', 200, '# HELP '],
    ['JSON', apiStatus, '{"collectedAt":'],
    ['Health', 200, 'vhi-exporter is healthy.'],
  ] as const) {
    const answer = page.waitForResponse((response) => response.request().isNavigationRequest());
    await page.getByRole('navigation').getByRole('link', { name }).click();
    expect((await answer).status(), name).to.equal(status);
    await page.waitForLoadState();
    expect((await page.locator('body').innerText()).startsWith(start), name).to.equal(true);
    await page.goBack();
    clicked++;
  }
  expect(clicked, 'of all that can be clicked').to.equal(all);
}

describe('the status page in a browser', () => {
  for (const [name, stateOf] of Object.entries(STATES)) {
    it(`is accessible, fits, keeps to itself, and all of it can be clicked: ${name}`, async () => {
      const state = stateOf();
      await withState(state, async (rig) => {
        for (const { name: view, ...options } of VIEWS) {
          await withTab(rig.url, options, async (tab) => {
            expect(await tab.page.locator('.verdict .badge').innerText(), view).to.contain(state.word);
            await tab.expectAccessible(`${name} ${view}`);
            await tab.expectNoSidewaysScroll(`${name} ${view}`);
            await tab.screenshot(`${name}-${view}`);
          });
        }
        await withTab(rig.url, {}, async (tab) => {
          for (const width of WIDTHS) {
            await tab.page.setViewportSize({ width, height: 700 });
            await tab.expectNoSidewaysScroll(`${name} at ${width}`);
          }
        });
        expect(rig.takeCalls(), 'what opening the page asked of the cloud').to.deep.equal([]);
        const page = await statusText(rig);
        expect(page).not.to.contain(rig.file).and.not.to.contain(rig.folder);
        await withTab(rig.url, {}, async (tab) => {
          await clickEverything(tab, state);
          if (state.apiStatus === undefined) return;
          // That the browser says so of the JSON is right.
          expect(tab.complaints.splice(0).join()).to.match(/^(console: Failed to load resource.*503.*)?$/);
        });
      });
    });
  }

  it('is as accessible where a row is marked, and its advice open', async () => {
    await withState(STATES['partial']!(), async (rig) => {
      for (const { name: view, ...options } of VIEWS) {
        await withTab(rig.url, options, async (tab) => {
          const { page } = tab;
          await page.locator('.attention a').first().click();
          await page.locator('tbody:target summary').click();
          await tab.expectAccessible(view);
          await tab.screenshot(`marked-${view}`, { fullPage: false });
        });
      }
    });
  });

  it('can be used by the keyboard alone, and shows where one is', async () => {
    await withState(STATES['partial']!(), async (rig) => {
      for (const viewport of [WIDE, PHONE]) {
        await withTab(rig.url, { viewport }, async ({ page }) => {
          // As text, since the compiler knows of no `document` here.
          const describeActive = `(() => {
            const { activeElement: e } = document;
            const { outlineStyle, outlineWidth } = getComputedStyle(e);
            const { top, bottom } = e.getBoundingClientRect();
            const seen = outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2 && top >= 0 && bottom <= innerHeight;
            return { tag: e.tagName, text: e.textContent.trim() || e.id, seen };
          })()`;
          const wanted = await page.evaluate<string[]>(
            `[...document.querySelectorAll('${CLICKABLE}')].map((e) => e.textContent.trim() || e.id)`,
          );
          expect(wanted).to.have.length(12);
          const visited: string[] = [];
          for (;;) {
            await page.keyboard.press('Tab');
            const { tag, text, seen } = await page.evaluate<{ tag: string; text: string; seen: boolean }>(
              describeActive,
            );
            if (tag === 'BODY') break;
            visited.push(text);
            expect(seen, `focus on ${text} is seen`).to.equal(true);
            expect(visited.length, visited.join()).to.be.at.most(wanted.length);
          }
          expect(visited).to.deep.equal(wanted);

          await page.keyboard.press('Tab');
          await page.keyboard.press('Enter');
          expect(await page.evaluate('document.activeElement.id'), 'the skip link').to.equal('main');
          await page.locator('#only').focus();
          await page.keyboard.press('Space');
          expect(await page.locator('tbody.ok').first().isVisible()).to.equal(false);
          await page.locator('summary').first().focus();
          await page.keyboard.press('Enter');
          expect(await page.locator('details p').first().isVisible()).to.equal(true);
          await page.locator('#pause').focus();
          await page.keyboard.press('Enter');
          expect(await page.locator('#pause').innerText()).to.equal('Resume');
        });
      }
    });
  });

  it('is a table to screen readers, as cards too', async () => {
    await withState(STATES['partial']!(), async (rig) => {
      for (const viewport of [WIDE, PHONE]) {
        await withTab(rig.url, { viewport }, async ({ page }) => {
          const table = page.getByRole('table', { name: 'In the order of the domains file.' });
          expect(await table.getByRole('columnheader').count()).to.equal(9);
          expect(await table.getByRole('rowheader').allInnerTexts()).to.deep.equal([
            ...['acme', 'globex', 'initech', 'umbrella', 'hooli', 'vandelay'],
          ]);
          expect(await table.getByRole('row').filter({ hasText: 'acme' }).getByRole('cell').count()).to.equal(8);
          for (const role of ['banner', 'navigation', 'main', 'contentinfo'] as const) {
            expect(await page.getByRole(role).count(), role).to.equal(1);
          }
          expect(await page.getByRole('region').count()).to.equal(4);
          expect(await page.getByRole('heading').allInnerTexts()).to.deep.equal([
            ...['vhi-exporter', 'In use', 'Needs attention', '6 domains', 'Domains file'],
          ]);
        });
      }
    });
  });

  it('works without JavaScript', async () => {
    await withState(STATES['partial']!(), async (rig) => {
      await withTab(rig.url, { javaScriptEnabled: false, viewport: PHONE }, async ({ page, answers }) => {
        expect(await page.locator('.totals').innerText())
          .to.contain('Partial')
          .and.to.match(/at least\s+\d/);
        expect(await page.locator('noscript').innerText()).to.contain('Reload the page');
        expect(await page.locator('#pause').isVisible()).to.equal(false);
        expect(await page.locator('.age').innerText()).to.match(/^Collected \d+ s ago\.$/);
        await page.locator('summary').first().click();
        expect(await page.locator('details p').first().isVisible()).to.equal(true);
        await page.getByLabel('Only the 3 that need attention').check();
        expect(await page.locator('tbody').filter({ visible: true }).count()).to.equal(3);
        await page.locator('.attention a').last().click();
        expect(new URL(page.url()).hash).to.match(/^#domain-/);
        expect(answers).to.deep.equal(['200 /']);
      });
      expect(rig.takeCalls()).to.deep.equal([]);
    });
  });

  it('shows labels as they are written, whatever they are', async () => {
    await withState(STATES['nasty']!(), async (rig) => {
      await withTab(rig.url, {}, async ({ page }) => {
        const labels = NASTY.map((label) => label.replace('\u202e', '\\u202e').replace('\u202c', '\\u202c'));
        expect(await page.getByRole('rowheader').allInnerTexts()).to.deep.equal(labels);
        expect(await page.locator('script').count()).to.equal(1);
        expect(await page.locator('img, iframe, main b').count()).to.equal(0);
        expect(await page.locator('main').getAttribute('id')).to.equal('main');
      });
    });
  });

  it('moves nothing, so that nobody need ask for less motion', async () => {
    await withState(STATES['partial']!(), async (rig) => {
      await withTab(rig.url, {}, async ({ page }) => {
        const moving = await page.evaluate(`[...document.querySelectorAll('*')].filter((e) => {
          const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(e);
          return animationName !== 'none' || transitionDuration !== '0s' || scrollBehavior !== 'auto';
        }).map((e) => e.outerHTML)`);
        expect(moving).to.deep.equal([]);
      });
    });
  });

  it('is quick and useful with 1,000 domains', async () => {
    await withState(many(1000), async (rig) => {
      await withTab(rig.url, { viewport: PHONE }, async (tab) => {
        const { page } = tab;
        const loaded = await page.evaluate<number>("performance.getEntriesByType('navigation')[0].duration");
        console.log(`      1,000 domains: ${(await statusText(rig)).length} bytes, loaded in ${Math.round(loaded)} ms`);
        expect(loaded, 'ms').to.be.lessThan(5000);
        expect(await page.locator('tbody').count()).to.equal(1000);
        const start = performance.now();
        await page.locator('#only').check();
        expect(await page.locator('tbody').filter({ visible: true }).count()).to.equal(20);
        expect(performance.now() - start, 'ms').to.be.lessThan(2000);
        await page.locator('.attention a').last().click();
        expect(await page.locator('tbody:target th').innerText()).to.equal('tenant-0958');
        await tab.screenshot('1000-domains-phone', { fullPage: false });
      });
    });
  });

  it('makes the pictures of the README', async () => {
    const folder = process.env['UPDATE_PICTURES'] === '1' ? PICTURES : picturesFolder();
    mkdirSync(folder, { recursive: true });
    const large = { viewport: { width: 1000, height: 940 } };
    const pictures: [name: string, state: string, options: Parameters<typeof withTab>[1]][] = [
      ['status-page', 'partial', large],
      ['status-page-phone-dark', 'partial', { viewport: PHONE, colorScheme: 'dark' }],
      ['status-page-all-well', 'all-well', large],
    ];
    for (const [name, state, options] of pictures) {
      await withState(STATES[state]!(), async (rig) => {
        await withTab(rig.url, options, async (tab) => {
          const bytes = await tab.picture(join(folder, `${name}.png`));
          expect(bytes, `bytes of ${name}`).to.be.within(5000, 80_000);
        });
      });
    }
  });
});
