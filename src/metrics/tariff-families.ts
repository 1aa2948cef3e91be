import { isInForce } from '../tariffs/in-force.js';
import { printable } from '../text.js';
import type { Family, Page, Series } from './family.js';

const BASIS = 'the tariffs in force times what is in use, without free amounts; what has no tariff costs nothing';

/** What a tariffs file gives: no series without one. */
export const TARIFF_FAMILIES: readonly Family[] = [
  {
    name: 'vhi_tariffs_file_last_reload_successful',
    help: () => 'Whether the tariffs file as it is now could be taken over.',
    labels: [],
    series: ({ tariffs }) => (tariffs ? [{ labels: {}, value: tariffs.lastReloadSuccessful ? 1 : 0 }] : []),
  },
  {
    name: 'vhi_tariff_price',
    help: () => 'Price of a tariff in force, of a unit an hour or calendar month; an empty label holds for all.',
    labels: ['tariff', 'resource', 'per', 'currency', 'domain', 'project_id', 'flavor'],
    series: prices,
  },
  {
    name: 'vhi_domain_cost_per_hour',
    help: () => `Cost of an hour of what is in use in the domain: ${BASIS}. Absent where it can't be told in full.`,
    labels: ['domain', 'currency'],
    series: ({ costs }) => {
      if (!costs) return [];
      const { currency, domains } = costs;
      return [...domains].map(([domain, cost]) => ({ labels: { domain, currency }, value: cost.toNumber() }));
    },
  },
  {
    name: 'vhi_total_cost_per_hour',
    help: () => `Cost of an hour of what is in use over all domains: ${BASIS}. Absent unless each domain's is there.`,
    labels: ['currency'],
    series: ({ costs }) =>
      costs?.total ? [{ labels: { currency: costs.currency }, value: costs.total.toNumber() }] : [],
  },
];

function prices({ tariffs, snapshot }: Page): Series[] {
  if (!tariffs) return [];
  const { currency, tariffs: all } = tariffs.book;
  return all
    .filter((tariff) => isInForce(tariff, snapshot.collectedAt))
    .map(({ name, resource, per, price, domain, project, flavor }) => ({
      labels: {
        tariff: printable(name),
        resource,
        per,
        currency: currency.code,
        domain: printable(domain ?? ''),
        project_id: printable(project ?? ''),
        flavor: printable(flavor ?? ''),
      },
      value: Number(price),
    }));
}
