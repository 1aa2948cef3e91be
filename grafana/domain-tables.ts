import { TableCellDisplayMode } from '@grafana/grafana-foundation-sdk/common';
import type { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';

import { linkToDomain } from './frame.js';
import { table, target, words } from './panels.js';
import { complete, failingSince, here, ofDomain, partial } from './queries.js';

const each = (expr: string): string => `sum by (job, instance, domain) (${expr})`;

/** Figures of all domains that were read, the label `figures` telling whether in whole. */
const figures = (metric: string): string =>
  [
    `label_replace(${each(complete(metric))}, "figures", "complete", "", "")`,
    `label_replace(${each(partial(metric))}, "figures", "partial: at least", "", "")`,
  ].join(' or ');

/** A row for each domain. The trend takes a range, all else is as of now. */
export const domainsTable = (): Table =>
  table(
    {
      title: 'All domains',
      description:
        'Figures as of now; "partial: at least" where a domain was read in part, none where it could not be collected. The trend draws complete figures only.',
      unit: 'none',
      noValue: '–',
      size: [24, 10],
    },
    [
      { expr: each(here('vhi_domain_collect_errors')) },
      { expr: figures('vhi_domain_vcpus_in_use') },
      { expr: figures('vhi_domain_ram_mb_in_use') },
    ],
  )
    .withTarget(target({ expr: each(complete('vhi_domain_vcpus_in_use')), legend: '{{domain}}' }, 3).range())
    .withTransformation({ id: 'timeSeriesTable', options: {} })
    .withTransformation({ id: 'filterFieldsByName', options: { exclude: { names: ['Time', 'job'] } } })
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: { domain: 0, 'Value #B': 1, 'Value #C': 2, figures: 3, 'Trend #D': 4, 'Value #A': 5, instance: 6 },
        renameByName: { 'Value #A': 'errors', 'Value #B': 'vCPUs', 'Value #C': 'RAM', 'Trend #D': 'vCPUs, trend' },
      },
    })
    .overrideByName('domain', [linkToDomain('__data.fields.domain')])
    .overrideByName('RAM', [{ id: 'unit', value: 'mbytes' }])
    .overrideByName('vCPUs, trend', [
      { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.Sparkline, hideValue: true } },
      { id: 'color', value: { mode: 'fixed', fixedColor: 'blue' } },
    ])
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

/** The errors that last, of all domains or of the chosen one. */
export const failingTable = (of: 'all' | 'chosen'): Table =>
  table(
    {
      title: 'Failing now, why and since when',
      description:
        'One row for each domain, stage and reason. The time is when the domain was last well; if it was not within the last day, when it was first seen failing in it. The log and the API have the messages.',
      unit: 'dateTimeAsIso',
      noValue: 'no domain fails',
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
