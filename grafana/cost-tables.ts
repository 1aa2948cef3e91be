import type { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';

import { linkToDomain } from './frame.js';
import { MONEY, table } from './panels.js';
import { here } from './queries.js';

/* What is said of every figure of a month. */
export const MONTH =
  'The month is that of the clock in cost.rules.yml, UTC unless it was changed there, and not of the zone or the time shown above; it stands until the first hour of the next one has ended.';
export const HOLES = 'Hours without one complete figure are not in it: see the gaps below.';

const each = (expr: string): string => `sum by (job, instance, domain, currency) (${expr})`;

/** A row for each domain and currency. */
export const costTable = (): Table =>
  table(
    {
      title: 'All domains: cost',
      description: `An hour's cost as of now, and of the month what was recorded, the full hours that this rests on, and the forecast. Fewer hours than the month has had are gaps, or a domain that joined or left. ${MONTH}`,
      unit: MONEY,
      size: [24, 10],
      noValue: '–',
    },
    [
      { expr: each(here('vhi_domain_cost_per_hour')) },
      { expr: each(here('domain:vhi_cost:month_to_date')) },
      { expr: each(here('domain:vhi_cost_hours:month_to_date')) },
      { expr: each(here('domain:vhi_cost:month_forecast')) },
    ],
  )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, job: true },
        indexByName: {
          ...{ domain: 0, currency: 1, 'Value #A': 2, 'Value #B': 3 },
          ...{ 'Value #C': 4, 'Value #D': 5, instance: 6 },
        },
        renameByName: {
          'Value #A': 'an hour',
          'Value #B': 'this month so far',
          'Value #C': 'of so many hours',
          'Value #D': 'forecast',
        },
      },
    })
    .overrideByName('domain', [linkToDomain('__data.fields.domain')])
    .overrideByName('of so many hours', [{ id: 'decimals', value: 0 }]);

/** A row for each month, domain and currency. */
export const monthsTable = (): Table =>
  table(
    {
      title: 'Months by domain',
      description: `The months in the time shown, each as it stood when it, or the time shown, ended. ${HOLES} ${MONTH}`,
      unit: MONEY,
      size: [12, 9],
    },
    [
      {
        expr: `sum by (job, instance, domain, currency, month) (last_over_time(${here('domain:vhi_cost:month_to_date')}[$__range]))`,
      },
    ],
  )
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, job: true },
        indexByName: { month: 0, domain: 1, currency: 2, Value: 3, instance: 4 },
        renameByName: { Value: 'cost' },
      },
    })
    .overrideByName('domain', [linkToDomain('__data.fields.domain')]);

/** A row for each tariff in force. */
export const tariffsTable = (): Table =>
  table(
    {
      title: 'Tariffs in force',
      description:
        'What a unit costs an hour or a calendar month, as of now. An empty domain, project or flavor is any; the more specific tariff wins.',
      unit: 'none',
      size: [19, 8],
    },
    [{ expr: here('vhi_tariff_price') }],
  ).withTransformation({
    id: 'organize',
    options: {
      excludeByName: { Time: true, __name__: true, job: true },
      indexByName: {
        ...{ tariff: 0, resource: 1, Value: 2, currency: 3, per: 4 },
        ...{ domain: 5, project_id: 6, flavor: 7, instance: 8 },
      },
      renameByName: { Value: 'price', project_id: 'project' },
    },
  });
