import { TableCellDisplayMode } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';

import { linkToDomain } from './frame.js';
import { described, table, target, words } from './panels.js';
import { complete, failingSince, here, ofDomain, partial } from './queries.js';

const each = (expr: string): string => `sum by (job, instance, domain) (${expr})`;

/** Figures of all domains that were read, the label `figures` telling whether in whole. */
const figures = (metric: string): string =>
  [
    `label_replace(${each(complete(metric))}, "figures", "complete", "", "")`,
    `label_replace(${each(partial(metric))}, "figures", "partial: at least", "", "")`,
  ].join(' or ');

/** A row for each domain of the file, with figures where it was read. */
export const domainsTable = (): Table =>
  table(
    {
      title: 'All domains',
      description:
        'As of now. "partial: at least": the domain was read in part, and more may be in use. No figures: it could not be collected.',
      unit: 'none',
      noValue: '–',
      size: [14, 12],
    },
    [
      { expr: each(here('vhi_domain_collect_errors')) },
      { expr: figures('vhi_domain_vcpus_in_use') },
      { expr: figures('vhi_domain_ram_mb_in_use') },
    ],
  )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, job: true },
        indexByName: { domain: 0, 'Value #B': 1, 'Value #C': 2, figures: 3, 'Value #A': 4, instance: 5 },
        renameByName: { 'Value #A': 'errors', 'Value #B': 'vCPUs', 'Value #C': 'RAM' },
      },
    })
    .overrideByName('domain', [linkToDomain('__data.fields.domain')])
    .overrideByName('RAM', [{ id: 'unit', value: 'mbytes' }])
    .overrideByName('figures', [
      { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } },
      {
        id: 'mappings',
        value: [
          words({
            complete: { text: 'complete', color: 'green' },
            'partial: at least': { text: 'partial: at least', color: 'orange' },
          }),
        ],
      },
    ])
    .overrideByName('errors', [
      { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } },
      {
        id: 'thresholds',
        value: {
          mode: 'absolute',
          steps: [
            { value: null, color: 'green' },
            { value: 1, color: 'orange' },
          ],
        },
      },
    ]);

/**
 * Apart from the table of figures: before Grafana 10.3 the transformation behind it has to be switched on, and a panel
 * that asks for one that is not known shows nothing at all.
 */
export const trendsTable = (): Table =>
  described(new Table(), {
    title: 'Trends',
    description:
      'The vCPUs of each domain in the time shown, complete figures only: a gap is where it failed or was read in part. Needs the transformation "Time series to table", which Grafana before 10.3 has behind the feature toggle timeSeriesTable.',
    unit: 'none',
    size: [10, 12],
  })
    .withTarget(target({ expr: each(complete('vhi_domain_vcpus_in_use')), legend: '{{domain}}' }, 0).range())
    .withTransformation({ id: 'timeSeriesTable', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { job: true },
        indexByName: { domain: 0, Trend: 1, 'Trend #A': 1, instance: 2 },
        renameByName: { Trend: 'vCPUs', 'Trend #A': 'vCPUs' },
      },
    })
    .overrideByName('domain', [linkToDomain('__data.fields.domain')])
    .overrideByName('vCPUs', [
      { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.Sparkline, hideValue: true } },
      { id: 'color', value: { mode: 'fixed', fixedColor: 'blue' } },
    ]);

/** The errors that last, of all domains or of the chosen one. */
export const failingTable = (of: 'all' | 'chosen'): Table =>
  table(
    {
      title: 'Failing now, why and since when',
      description:
        'One row for each domain, stage and reason. The time is when the domain was last well; if it was not seen well within a day, since when it is known to fail. The log and the API have the messages.',
      unit: 'dateTimeAsIso',
      size: [14, 9],
      thresholds: [{ value: null, color: 'orange' }],
    },
    [{ expr: `1000 * (${failingSince(of === 'all' ? here : ofDomain)})` }],
  )
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, job: true },
        indexByName: { domain: 0, stage: 1, reason: 2, since: 3, Value: 4, instance: 5 },
        renameByName: { Value: 'time' },
      },
    })
    .overrideByName('domain', [linkToDomain('__data.fields.domain')]);
