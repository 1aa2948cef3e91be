import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { FORMATS, renderMetrics } from '../../src/metrics/render.js';
import { parseTariffs } from '../../src/tariffs/parse.js';
import type { TariffsState } from '../../src/tariffs/state.js';
import { book } from '../rating/helpers.js';
import { snapshotOf, type DomainUse } from '../rating/use.js';
import { samplePage, sampleSelf } from './sample.js';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const [OPENMETRICS, TEXT] = FORMATS;
const small = { vcpus: 2, ramMb: 1536, flavor: 'small' };
const ACME: DomainUse = { label: 'acme', use: { p1: [small] } };
const ODD: DomainUse = { label: 'O\'Neil & "Söhne" \\', use: { q1: [small, small] } };

const state = (...tariffs: string[]): TariffsState => ({
  book: book('currency: IDR', ...tariffs),
  lastReloadSuccessful: true,
});

const TARIFFS = state(
  'name: vCPU, resource: vcpu, price: "150.50", per: hour',
  'name: RAM, resource: ram_gb, price: "20", per: hour',
  `name: 'Odd "one" \\', resource: server, price: "744", per: month, domain: acme, project: p1, flavor: small`,
  'name: old, resource: vcpu, price: 1, per: hour, domain: acme, end: 2022-12-31',
);

/** The lines of the three families. */
async function lines(
  domains: DomainUse[],
  tariffs: TariffsState | null = TARIFFS,
  format: (typeof FORMATS)[number] = TEXT,
): Promise<string[]> {
  const page = samplePage({ snapshot: snapshotOf(domains, '2023-07-20T10:00:00Z'), tariffs });
  const text = await renderMetrics(page, sampleSelf(), format);
  return text
    .split('\n')
    .filter((line) => /vhi_(tariff_price|\w+_cost_per_hour)/.test(line) && !line.includes('# HELP'));
}

const EXPECTED = [
  '# TYPE vhi_tariff_price gauge',
  'vhi_tariff_price{tariff="vCPU",resource="vcpu",per="hour",currency="IDR",domain="",project_id="",flavor=""} 150.5',
  'vhi_tariff_price{tariff="RAM",resource="ram_gb",per="hour",currency="IDR",domain="",project_id="",flavor=""} 20',
  String.raw`vhi_tariff_price{tariff="Odd \"one\" \\",resource="server",per="month",currency="IDR",domain="acme",project_id="p1",flavor="small"} 744`,
  '# TYPE vhi_domain_cost_per_hour gauge',
  'vhi_domain_cost_per_hour{domain="acme",currency="IDR"} 332',
  String.raw`vhi_domain_cost_per_hour{domain="O'Neil & \"Söhne\" \\",currency="IDR"} 662`,
  '# TYPE vhi_total_cost_per_hour gauge',
  'vhi_total_cost_per_hour{currency="IDR"} 994',
];

describe('the metrics of cost', () => {
  it('are the tariffs in force, and what is in use at them', async () => {
    expect(await lines([ACME, ODD])).to.deep.equal(EXPECTED);
  });

  it('are what the README shows of its example, and acme pays as all others when its own price has ended', async () => {
    const [, section = ''] = README.split('\n## Tariffs\n');
    const [, yaml = ''] = /```yaml\n([^`]+)```/.exec(section) ?? [];
    const [, shown = ''] = /```\n(vhi_[^`]+)\n```/.exec(section) ?? [];
    const tariffs = { book: parseTariffs(yaml, 'UTC').book!, lastReloadSuccessful: true };
    const use = { p1: [{ vcpus: 2, ramMb: 4096, flavor: 'm1.small' }] };
    const costs = async (at: string): Promise<string[]> => {
      const snapshot = snapshotOf(
        [
          { label: 'acme', use },
          { label: 'globex', use: { q1: use.p1 } },
        ],
        at,
      );
      const text = await renderMetrics(samplePage({ snapshot, tariffs }), sampleSelf(), TEXT);
      return text.split('\n').filter((line) => /^vhi_\w+_cost_per_hour/.test(line));
    };
    expect(await costs('2026-11-23T00:00:00Z')).to.deep.equal(shown.split('\n'));
    const [acme, globex] = (await costs('2027-01-01T00:00:00Z')).map((line) => line.split(' ')[1]);
    expect(acme).to.equal(globex);
  });

  it('are the same in OpenMetrics', async () => {
    expect(await lines([ACME, ODD], TARIFFS, OPENMETRICS)).to.deep.equal(EXPECTED);
  });

  it('are not there without a tariffs file', async () => {
    expect(await lines([ACME], null)).to.deep.equal([]);
  });

  it('are zero, rather than absent, where nothing is in use', async () => {
    const found = await lines([{ label: 'empty', use: { p1: [] } }]);
    expect(found.filter((line) => line.includes('cost_per_hour{'))).to.deep.equal([
      'vhi_domain_cost_per_hour{domain="empty",currency="IDR"} 0',
      'vhi_total_cost_per_hour{currency="IDR"} 0',
    ]);
  });

  it('leave out a domain with an error, and then the total', async () => {
    const found = await lines([ACME, { ...ODD, fails: true }]);
    expect(found.filter((line) => line.includes('cost_per_hour{'))).to.deep.equal([
      'vhi_domain_cost_per_hour{domain="acme",currency="IDR"} 332',
    ]);
  });

  it('show the prices also where no domain could be collected', async () => {
    const found = await lines([{ ...ACME, fails: true }]);
    expect(found.filter((line) => !line.startsWith('#'))).to.deep.equal(EXPECTED.slice(1, 4));
  });

  it('leave all else on the page as it is', async () => {
    const snapshot = snapshotOf([ACME, ODD], '2023-07-20T10:00:00Z');
    const render = (tariffs: TariffsState | null): Promise<string> =>
      renderMetrics(samplePage({ snapshot, tariffs }), sampleSelf(), TEXT);
    const [without, priced] = [await render(null), await render(TARIFFS)];
    const rest = priced.split('\n\n').filter((family) => !/^# HELP vhi_(tariff|\w+_cost_per_hour )/.test(family));
    expect(rest.join('\n\n')).to.equal(without);
  });
});
