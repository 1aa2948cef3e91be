import { costTable, HOLES, MONTH, monthsTable, tariffsTable } from './cost-tables.js';
import { dashboard, linkToDomain, type Dashboard, type Section } from './frame.js';
import { bars, FILE, graph, MONEY, stat, type Query } from './panels.js';
import { here, largest, share } from './queries.js';

const TOTAL = 'vhi_total_cost_per_hour';
const DOMAIN = 'vhi_domain_cost_per_hour';

/** Exporters and currencies are shown side by side. */
const KEY = 'job, instance, currency';

const OF_MONTH = '{{month}} {{currency}} ({{instance}})';

const total = (expr: string, legend = '{{currency}} ({{instance}})'): Query[] => [{ expr, legend }];
const dearest = (expr: string): Query[] => [{ expr: largest(expr, KEY), legend: '{{domain}} ({{currency}})' }];

const IN_FORCE =
  'The tariffs in force times what is in use; free amounts are not taken off. No number while a domain fails or a line of domains.txt is bad.';
const FORECAST = 'What was recorded, and for the hours left what an hour costs now.';

const GOOD_AT_ONE = [
  { value: null, color: 'orange' },
  { value: 1, color: 'green' },
];

const now: Section = {
  title: 'Now, and this month',
  panels: [
    stat(
      { title: 'Cost an hour', description: `Over all domains. ${IN_FORCE}`, unit: MONEY, size: [5, 5] },
      total(here(TOTAL)),
    ),
    stat(
      {
        title: 'Cost of 30 days',
        description: `If all stayed as it is now for 720 hours. ${IN_FORCE}`,
        unit: MONEY,
        size: [5, 5],
      },
      total(`720 * ${here(TOTAL)}`),
    ),
    stat(
      {
        title: 'This month so far',
        description: `All full hours of the month in which the snapshots were complete. ${HOLES} ${MONTH}`,
        unit: MONEY,
        size: [5, 5],
      },
      total(here('instance:vhi_total_cost:month_to_date'), OF_MONTH),
    ),
    stat(
      {
        title: 'Hours of this month',
        description: `The full hours that the month so far and its forecast rest on. Fewer than it has had are gaps: in an hour without a complete total nothing is added. ${MONTH}`,
        unit: 'none',
        size: [4, 5],
      },
      total(here('instance:vhi_total_cost_hours:month_to_date'), OF_MONTH),
    ),
    stat(
      {
        title: "Forecast to the month's end",
        description: `${FORECAST} ${HOLES} ${MONTH}`,
        unit: MONEY,
        size: [5, 5],
      },
      total(here('instance:vhi_total_cost:month_forecast'), OF_MONTH),
    ),
  ],
};

const DEAREST = 'The 20 dearest of each currency. Exporters of the same cloud show each domain once each.';
const linked = linkToDomain('__field.labels.domain');

const domains: Section = {
  title: 'By domain',
  panels: [
    ...[
      bars(
        {
          title: 'Cost an hour by domain',
          description: `As of now. A domain that fails or was read in part has no bar. ${DEAREST}`,
          unit: MONEY,
          size: [6, 12],
        },
        dearest(here(DOMAIN)),
      ),
      bars(
        {
          title: 'Share of the cost',
          description: `Of an hour's cost over all domains, while that is known in full. ${DEAREST}`,
          unit: 'percentunit',
          size: [6, 12],
        },
        [{ expr: share(DOMAIN, here(TOTAL), KEY), legend: '{{domain}} ({{currency}})' }],
      ),
      bars(
        {
          title: 'This month so far by domain',
          description: `${DEAREST} ${HOLES} ${MONTH}`,
          unit: MONEY,
          size: [6, 12],
        },
        dearest(here('domain:vhi_cost:month_to_date')),
      ),
      bars(
        {
          title: "Forecast to the month's end by domain",
          description: `${FORECAST} A domain whose cost was not seen within the last hour has none. ${DEAREST} ${HOLES} ${MONTH}`,
          unit: MONEY,
          size: [6, 12],
        },
        dearest(here('domain:vhi_cost:month_forecast')),
      ),
    ].map((panel) => panel.overrideByFieldType('number', [linked])),
    costTable(),
  ],
};

const overTime: Section = {
  title: 'Over time',
  panels: [
    graph(
      {
        title: 'Cost an hour over time',
        description: 'Over all domains. A gap is where that was not known in full.',
        unit: MONEY,
        size: [12, 9],
      },
      total(here(TOTAL)),
    ),
    graph(
      {
        title: 'Cost an hour by domain over time',
        description:
          'The 20 dearest at each moment. A gap is where the domain failed, was read in part, or was cheaper.',
        unit: MONEY,
        size: [12, 9],
      },
      dearest(here(DOMAIN)),
    ),
    graph(
      {
        title: 'Months so far, and their forecasts',
        description: `Over all domains; a line that begins anew is another month. ${HOLES} ${MONTH}`,
        unit: MONEY,
        size: [12, 9],
      },
      [
        {
          expr: here('instance:vhi_total_cost:month_to_date'),
          legend: '{{month}} so far: {{currency}} ({{instance}})',
        },
        {
          expr: here('instance:vhi_total_cost:month_forecast'),
          legend: '{{month}} forecast: {{currency}} ({{instance}})',
        },
      ],
    ),
    monthsTable(),
  ],
};

const gaps: Section = {
  title: 'Gaps, and tariffs',
  panels: [
    stat(
      {
        title: 'Seen in full',
        description:
          'Part of the time shown in which the totals were complete. The rest is filled with the mean of its hour, or missing from the costs if it is a whole hour.',
        unit: 'percentunit',
        size: [5, 8],
        thresholds: GOOD_AT_ONE,
      },
      total(
        `clamp_max(sum_over_time(${here('instance:vhi_complete:ratio_1h')}[$__range:1h]) * 3600 / $__range_s, 1)`,
        '{{instance}}',
      ),
    ),
    bars(
      {
        title: 'Domains seen least',
        description:
          'Part of the time shown in which the domain was collected without an error, of its time in domains.txt: the 20 with the largest gaps. Hours in which Prometheus was down are not in it, but in the figure beside it.',
        unit: 'percentunit',
        size: [7, 8],
      },
      [
        {
          expr: `bottomk by (job, instance) (20, avg_over_time(${here('domain:vhi_complete:ratio_1h')}[$__range]))`,
          legend: '{{domain}}',
        },
      ],
    ).overrideByFieldType('number', [linked]),
    graph(
      {
        title: 'Seen in full over time',
        description: 'Part of the hour before in which the totals were complete.',
        unit: 'percentunit',
        size: [12, 8],
      },
      [{ expr: here('instance:vhi_complete:ratio_1h'), legend: '{{instance}}' }],
    ),
    tariffsTable(),
    stat(
      {
        title: 'Tariffs file',
        description: 'Whether the file as it is now could be taken over. If not, the last good tariffs count on.',
        unit: 'none',
        size: [5, 8],
        noValue: 'no tariffs file',
      },
      [{ expr: here('vhi_tariffs_file_last_reload_successful'), legend: '{{instance}}' }],
      [FILE],
    ),
  ],
};

/** What the domains cost, and how much of the time that rests on. */
export const cost = (): Dashboard =>
  dashboard('cost', {
    description: 'What the domains cost by the tariffs file, and how much of the time that rests on.',
    from: 'now/M',
    sections: [now, domains, overTime, gaps],
  });
