import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import type { FileState } from '../../src/domains/list.js';
import { ADVICE, CollectError, REASONS } from '../../src/errors.js';
import { type Snapshot, takeSnapshot } from '../../src/snapshot/snapshot.js';
import { Progress } from '../../src/usage/progress.js';
import { html } from '../../src/web/html.js';
import { type StatusInput, statusPage } from '../../src/web/status/page.js';
import { SCRIPT } from '../../src/web/status/script.js';
import { ageText, ramText, STALE_SECONDS } from '../../src/web/status/words.js';
import { makeDomain, makeList } from '../helpers/domains.js';
import { COLLECTED_AT, samplePage, sampleSnapshot } from '../metrics/sample.js';

interface Plan {
  label: string;
  vcpus?: number;
  ramMb?: number;
  errors?: CollectError[];
  scope?: 'domain' | 'user';
  counters?: boolean;
  /** How long before the collection its servers were listed in full. */
  listedMsAgo?: number;
}

/** Without vCPUs, the domain failed. */
function progressOf(plan: Plan): Progress {
  const { label, vcpus, ramMb = 0, errors = [], scope = 'domain', counters = false, listedMsAgo } = plan;
  const progress = new Progress();
  progress.finishedAt = 1000;
  if (vcpus !== undefined) {
    progress.stage = 'servers';
    progress.strategy = counters ? 'project-limits' : 'project-list';
    progress.projects = new Map([['p', { id: 'p', name: 'p', enabled: true, domainId: 'd' }]]);
    progress.projectScope = scope;
    if (counters) progress.limits.set(`p ${label}`, { endpoint: 'e', vcpus, ramMb });
    else
      progress.addServers([
        { id: label, projectId: 'p', status: 'ACTIVE', launched: true, vcpus, ramMb, flavor: 'm1' },
      ]);
    progress.noteRead(['p']);
    if (listedMsAgo !== undefined) progress.noteListed(COLLECTED_AT - listedMsAgo);
  }
  for (const error of errors) progress.fail(error);
  return progress;
}

function snapshotOf(plans: Plan[], problems: Snapshot['problems'] = []): Snapshot {
  const domains = plans.map((plan) => ({ domain: makeDomain(plan.label), progress: progressOf(plan) }));
  return takeSnapshot({
    collectedAt: COLLECTED_AT,
    startedAt: 0,
    now: 1234,
    counting: 'allocated',
    problems,
    domains,
  });
}

const AUTH = new CollectError('auth', 'Keystone refused the login', { status: 401 });
const DOWN = new CollectError('unavailable', 'HTTP 503', { status: 503 });

function pageOf(snapshot: Snapshot | null, change: Partial<StatusInput> = {}): string {
  return render(snapshot, change).text;
}

function render(snapshot: Snapshot | null, change: Partial<StatusInput> = {}): ReturnType<typeof statusPage> {
  const list = makeList(snapshot?.domains.map(({ domain }) => domain) ?? [], snapshot?.problems ?? []);
  const file: FileState = { list, lastReloadSuccessful: true, lastSuccessAt: COLLECTED_AT - 60_000 };
  return statusPage({ snapshot, file, now: COLLECTED_AT + 5000, version: '1.2.3', metricsPath: '/metrics', ...change });
}

/** What the reader sees of HTML. */
const seen = (text: string): string =>
  text
    .replace(/<style>.*?<\/style>|<script>.*?<\/script>/gs, '')
    .replace(/<\/?(bdi|time)[^>]*>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

const between = (text: string, start: string, end: string): string => text.split(start)[1]?.split(end)[0] ?? '';
const section = (page: string, name: string): string => between(page, `<section class="${name}`, '</section>');
const totals = (page: string): string => seen(`<${section(page, 'totals')}`);

/** The cells of each domain's row. */
const rows = (page: string): string[][] =>
  page
    .split('<tbody')
    .slice(1)
    .map((body) => [...between(body, '<tr', '</tr>').matchAll(/<t[hd] .*?>(.*?)<\/t[hd]>/gs)].map(([, c]) => seen(c!)));

describe('the status page', () => {
  describe('says what the totals are worth', () => {
    it('complete, with exact and human figures', () => {
      const page = pageOf(
        snapshotOf([
          { label: 'acme', vcpus: 1200, ramMb: 3_649_536 },
          { label: 'globex', vcpus: 34, ramMb: 512 },
        ]),
      );
      expect(totals(page)).to.match(/Complete All 2 domains were collected without an error\./);
      expect(totals(page)).to.contain('vCPUs 1,234 RAM 3.48 TiB 3,650,048 MiB Servers 2');
      expect(totals(page)).to.contain('2026-11-22 04:30:00 UTC, taken in 1.23 s, counting allocated servers');
      expect(page).not.to.contain('at least').and.not.to.contain('class="attention"');
      expect(page).to.contain('<title>Complete – vhi-exporter</title>');
    });

    it('partial, at least what was read, and of how many domains', () => {
      const page = pageOf(
        snapshotOf([
          { label: 'acme', vcpus: 8, ramMb: 1024 },
          { label: 'globex', errors: [AUTH] },
          { label: 'initech', vcpus: 2, ramMb: 512, errors: [DOWN] },
          { label: 'hooli', vcpus: 2, ramMb: 512, errors: [DOWN] },
        ]),
      );
      expect(totals(page)).to.match(/Partial At least this is in use: 1 of 4 domains failed, 2 are partial\./);
      expect(totals(page)).to.contain('vCPUs at least 12 RAM at least 2 GiB 2,048 MiB Servers at least 3');
    });

    it('partial, when nothing but a line of the file is bad', () => {
      const page = pageOf(snapshotOf([{ label: 'acme', vcpus: 8 }], [{ line: 3, message: 'no id' }]));
      expect(totals(page)).to.contain('Partial At least this is in use: 1 line of the domains file is bad.');
      expect(totals(page)).to.contain('vCPUs at least 8');
    });

    it('not known, when no domain could be collected', () => {
      const page = pageOf(snapshotOf([{ label: 'acme', errors: [AUTH] }, { label: 'globex' }]));
      expect(totals(page)).to.contain('Failed No domain could be collected: all 2 domains failed.');
      expect(totals(page)).not.to.contain('vCPUs').and.not.to.contain('MiB');
    });

    it('nothing, before the first scrape', () => {
      const page = pageOf(null);
      expect(totals(page)).to.match(/Waiting Nothing was collected yet\. .*opening this page does not\.$/);
      expect(page).not.to.contain('<table').and.not.to.contain('id="age"');
    });

    it('0, when there is no domain', () => {
      expect(totals(pageOf(snapshotOf([])))).to.match(/Complete The domains file names no domain.*vCPUs 0 RAM 0 MiB/);
    });

    it('no number of servers, where some are seen by counters only', () => {
      const page = pageOf(snapshotOf([{ label: 'acme', vcpus: 8, counters: true }]));
      expect(totals(page)).to.contain('vCPUs 8').and.to.contain('Servers – some are seen by their quota counters only');
    });
  });

  describe('shows each domain', () => {
    const snapshot = snapshotOf([
      { label: 'acme', vcpus: 1200, ramMb: 98_304, scope: 'user' },
      { label: 'globex', errors: [AUTH] },
      { label: 'initech', vcpus: 2, ramMb: 512, errors: [DOWN, DOWN] },
      { label: 'empty', vcpus: 0, listedMsAgo: 0 },
      { label: 'known', vcpus: 1, listedMsAgo: 720_000 },
    ]);
    const page = pageOf(snapshot);

    it('with its figures, a failed one with none and a partial one with at least what was read', () => {
      const none = '– not known';
      expect(rows(page)).to.deep.equal([
        ['acme', 'ok', '1,200', '96 GiB', '98,304', '1', '1 of user', 'project-list', '1.00 s'],
        ['globex', 'failed', none, none, none, none, none, none, '1.00 s'],
        ['initech', 'partial', '≥ 2', '≥ 512 MiB', '≥ 512', '≥ 1', '1', 'project-list', '1.00 s'],
        ['empty', 'ok', '0', '0 MiB', '0', '1', '1', 'project-list', '1.00 s'],
        ['known', 'ok', '1', '0 MiB', '0', '1', '1', 'project-list in full 12 min before', '1.00 s'],
      ]);
    });

    it('with each error, its stage, reason and message, and what to do about it', () => {
      const errors = page.split('class="errors"').slice(1).map(seen);
      expect(errors).to.have.length(2);
      expect(errors[0])
        .to.contain('login, auth: Keystone refused the login')
        .and.to.contain('Check the password, user');
      expect(errors[1]).to.contain('servers, unavailable (2 times): HTTP 503');
      expect(errors[1]).to.contain('Find out why Keystone (paths with /v3) or Nova fails:');
    });

    it('with advice for every reason', () => {
      for (const reason of REASONS) {
        const text = seen(pageOf(snapshotOf([{ label: 'acme', errors: [new CollectError(reason, 'broken')] }])));
        expect(text, reason).to.contain(`login, ${reason}: broken`);
        expect(text.toLowerCase(), reason).to.contain(seen(html`${ADVICE[reason]}`.text).toLowerCase());
      }
    });

    it('and leads to the rows of those that need attention, in the order of the file', () => {
      const links = [...section(page, 'attention').matchAll(/href="#(.*?)"><bdi>(.*?)<\/bdi>.*?"why">(.*?)</gs)];
      expect(links.map(([, , label, why]) => [label, why])).to.deep.equal([
        ['globex', 'login, auth'],
        ['initech', 'servers, unavailable'],
      ]);
      for (const [, id, label] of links) {
        expect(seen(`<${between(page, `id="${id}" class=`, '</th>')}`)).to.match(new RegExp(`${label}$`));
      }
      expect(seen(`<${section(page, 'attention')}`)).to.contain('Needs attention');
    });

    it('and offers to hide those that are well only where there are both', () => {
      expect(page).to.contain('Only the 2 that need attention');
      expect(pageOf(snapshotOf([{ label: 'acme', vcpus: 1 }]))).not.to.contain('type="checkbox"');
      expect(pageOf(snapshotOf([{ label: 'acme' }]))).not.to.contain('type="checkbox"');
    });
  });

  describe('shows the domains file', () => {
    const snapshot = snapshotOf([{ label: 'acme', vcpus: 1 }]);
    const file = (change: Partial<FileState>, problems: Snapshot['problems'] = []): string => {
      const list = makeList([makeDomain('acme')], problems);
      const state = { list, lastReloadSuccessful: true, lastSuccessAt: COLLECTED_AT - 60_000, ...change };
      return seen(`<${section(pageOf(snapshot, { file: state }), 'file')}`);
    };

    it('that is well', () => {
      expect(file({})).to.match(
        /Domains file ok 1 domain in force, no bad line; last taken over 2026-11-22 04:29:00 UTC\.$/,
      );
    });

    it('with its bad lines, the first 20 of them', () => {
      const problems = Array.from({ length: 31 }, (_, i) => ({ line: i + 5, message: `wrong ${i}` }));
      expect(file({}, problems)).to.contain('partial 1 domain in force, 31 bad lines');
      expect(file({}, problems)).to.contain('Line 5: wrong 0').and.to.contain('Line 24: wrong 19 And 11 more.');
      expect(file({}, problems)).not.to.contain('wrong 20');
    });

    it('that could not be taken over', () => {
      expect(file({ lastReloadSuccessful: false })).to.contain('failed 1 domain in force');
      expect(file({ lastReloadSuccessful: false })).to.contain('the last good list stays in force');
    });

    it('first among what needs attention, unless it is well', () => {
      const attention = (change: Partial<FileState>, problems: Snapshot['problems'] = []): string => {
        const list = makeList([makeDomain('acme')], problems);
        const state = { list, lastReloadSuccessful: true, lastSuccessAt: COLLECTED_AT, ...change };
        return seen(`<${section(pageOf(snapshotOf([{ label: 'globex' }]), { file: state }), 'attention')}`);
      };
      expect(attention({})).to.match(/Needs attention failed globex/);
      expect(attention({ lastReloadSuccessful: false })).to.match(/failed Domains file not taken over failed globex/);
      expect(attention({}, [{ line: 1, message: 'no id' }])).to.match(/partial Domains file 1 bad line failed globex/);
    });

    it('that was taken over after the snapshot', () => {
      expect(file({ lastSuccessAt: COLLECTED_AT + 1 })).to.contain('the next scrape is the first to count by it');
      expect(file({ lastSuccessAt: COLLECTED_AT })).not.to.contain('next scrape');
    });
  });

  it('says how old the snapshot is, and asks who still scrapes when it is very old', () => {
    const age = (seconds: number): string => {
      const page = pageOf(sampleSnapshot(), { now: COLLECTED_AT + seconds * 1000 });
      return seen(between(page, '<p class="age">', '</p>').replace(/<strong id="stale" hidden>.*/s, ''));
    };
    expect(age(5)).to.equal('Collected 5 s ago.');
    expect(age(-3), 'a clock set back').to.equal('Collected 0 s ago.');
    expect(age(STALE_SECONDS - 1)).to.equal('Collected 9 min ago.');
    expect(age(STALE_SECONDS)).to.match(/^Collected 10 min ago\. Nobody has asked for metrics since/);
  });

  it('has a tag that only ages leave as it is', () => {
    const file = samplePage().file;
    const tag = (change: Partial<StatusInput>, snapshot = sampleSnapshot()): string =>
      render(snapshot, { file, ...change }).tag;
    const first = tag({});
    expect(tag({ now: COLLECTED_AT + 9e9 })).to.equal(first);
    expect(tag({ file: { ...file, lastReloadSuccessful: false } })).not.to.equal(first);
    expect(tag({}, { ...sampleSnapshot(), collectedAt: COLLECTED_AT + 1000 })).not.to.equal(first);
  });

  it('escapes whatever comes from files and clouds, and makes no id of it', () => {
    const evil = '<script>alert(1)</script>"\'&\u202e\n\u0000 onload=x';
    const shown = '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e\\u000a\\u0000 onload=x';
    const error = new CollectError('auth', evil);
    const page = pageOf(snapshotOf([{ label: evil, errors: [error] }], [{ line: 1, message: evil }]), {
      version: evil,
      metricsPath: `/${evil}`,
    });
    // The message is made printable, and cut, before it gets here.
    expect(page.split(shown)).to.have.length(8);
    expect(page.match(/<script/g), 'only its own').to.have.length(1);
    expect(page).not.to.contain('\u202e').and.not.to.contain('\u0000');
    for (const [, id] of page.matchAll(/\b(?:id|for|class|aria-labelledby)="(.*?)"/g)) {
      expect(id).to.match(/^[a-z0-9 -]+$/);
    }
  });

  it('has headings in order, no id twice, and links that lead somewhere', () => {
    const page = pageOf(sampleSnapshot());
    expect([...page.matchAll(/<h(\d)/g)].map(([, level]) => level)).to.deep.equal(['1', '2', '2', '2', '2']);
    const ids = [...page.matchAll(/\sid="(.*?)"/g)].map(([, id]) => id!);
    expect(ids.length).to.be.greaterThan(15);
    expect(new Set(ids).size).to.equal(ids.length);
    const links = [...page.matchAll(/(?:href="#|aria-labelledby="|for=")(.*?)"/g)].map(([, id]) => id!);
    expect(ids).to.include.members(links);
  });

  it('stays small and quick with 1,000 domains', () => {
    const plans = (errors: CollectError[]): Plan[] =>
      Array.from({ length: 1000 }, (_, i) => ({
        label: `tenant-${i}`,
        ...(i % 10 === 3 ? { errors } : { vcpus: i, ramMb: i * 1024 }),
      }));
    const snapshot = snapshotOf(plans([AUTH]));
    pageOf(snapshot);
    const start = performance.now();
    const page = pageOf(snapshot);
    expect(performance.now() - start, 'ms').to.be.lessThan(2000);
    expect(page.length).to.be.lessThan(550_000);
    expect(page.split('<tbody')).to.have.length(1001);
    expect(seen(`<${section(page, 'attention')}`))
      .to.contain('Needs attention')
      .and.match(/And 80 more/);
  });
});

describe('words of the status page', () => {
  for (const [mib, text] of [
    [0, '0 MiB'],
    [1, '1 MiB'],
    [1023, '1,023 MiB'],
    [1024, '1 GiB'],
    [1536, '1.5 GiB'],
    [1_048_575, '1,023.99 GiB'],
    [1_048_576, '1 TiB'],
    [3_649_536, '3.48 TiB'],
    [1024 ** 3, '1 PiB'],
    [5000 * 1024 ** 3, '5,000 PiB'],
  ] as const) {
    it(`call ${mib} MiB ${text}`, () => {
      expect(ramText(mib)).to.equal(text);
    });
  }

  it('count ages as the page’s script does', () => {
    const source = /function ageText.*?\n {2}\}/s.exec(SCRIPT)?.[0];
    const ofScript = runInNewContext(`(${source})`) as typeof ageText;
    const ages = [0, 0.9, 1, 59, 119.9, 120, 3599, 7199, 7200, 86_399, 172_799, 172_800, 1e7];
    expect(ages.map(ofScript)).to.deep.equal(ages.map(ageText));
    expect(ages.map(ageText)).to.include.members(['0 s', '119 s', '2 min', '119 min', '2 h', '47 h', '2 days']);
  });
});

describe('html', () => {
  it('escapes values, but not HTML, and goes through lists', () => {
    expect(html`<p title="${'"'}">${'<'}${html`<b>${1}</b>`}${['&', [html`<i></i>`]]}</p>`.text).to.equal(
      '<p title="&quot;">&lt;<b>1</b>&amp;<i></i></p>',
    );
  });

  it('leaves the indentation of templates out, not that of values', () => {
    const text = html`<ul>
      <li>${'a\u2028   b'}</li>
      ${html`<li>${'x   y'}</li>`}
    </ul>`.text;
    expect(text).to.equal('<ul>\n<li>a\\u2028   b</li>\n<li>x   y</li>\n</ul>');
  });
});
