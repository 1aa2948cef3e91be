import { GraphDrawStyle } from '@grafana/grafana-foundation-sdk/common';

import { domainsTable, failingTable, trendsTable } from './domain-tables.js';
import { dashboard, linkToDomain, scrapeTimeout, type Section, type Dashboard } from './frame.js';
import { bars, FILE, graph, stat, timeline, words, type Query } from './panels.js';
import { changeSince, complete, completeTotal, here, largest, partial, partialTotal, share } from './queries.js';

const VCPUS = 'vhi_total_vcpus_in_use';
const RAM = 'vhi_total_ram_mb_in_use';
const DOMAIN_VCPUS = 'vhi_domain_vcpus_in_use';
const DOMAIN_RAM = 'vhi_domain_ram_mb_in_use';

const GOOD_BELOW_ONE = [
  { value: null, color: 'green' },
  { value: 1, color: 'orange' },
];

const totals = (metric: string): Query[] => [
  { expr: completeTotal(metric), legend: '{{instance}}' },
  { expr: partialTotal(metric), legend: '{{instance}}', partial: true },
];

const changes = (metric: string): Query[] => [
  { expr: changeSince(metric, '1d'), legend: 'since yesterday ({{instance}})' },
  { expr: changeSince(metric, '1w'), legend: 'since last week ({{instance}})' },
];

const sizes = (metric: string): Query[] => [
  { expr: largest(complete(metric)), legend: '{{domain}}' },
  { expr: largest(partial(metric)), legend: '{{domain}}', partial: true },
];

const shares = (metric: string, total: string): Query[] => [
  { expr: share(metric, completeTotal(total)), legend: '{{domain}}' },
  { expr: share(metric, partialTotal(total)), legend: '{{domain}} of a total that is', partial: true },
];

const SNAPSHOT = words({
  0: { text: 'partial', color: 'orange' },
  1: { text: 'complete', color: 'green' },
});
const UP = words({ 0: { text: 'down', color: 'red' }, 1: { text: 'up', color: 'green' } });

const WHOLE =
  'Orange and "at least": some domain failed or a line of the file is bad, and more may be in use. No number: nothing could be collected.';

const now: Section = {
  title: 'Now',
  panels: [
    stat(
      { title: 'vCPUs in use', description: `Over all domains. ${WHOLE}`, unit: 'none', size: [5, 5] },
      totals(VCPUS),
    ),
    stat({ title: 'RAM in use', description: `Over all domains. ${WHOLE}`, unit: 'mbytes', size: [5, 5] }, totals(RAM)),
    stat(
      {
        title: 'Snapshot',
        description:
          'Complete: every line of the domains file is good, and every domain was collected without an error.',
        unit: 'none',
        size: [4, 5],
      },
      [{ expr: here('vhi_snapshot_complete'), legend: '{{instance}}' }],
      [SNAPSHOT],
    ),
    stat(
      {
        title: 'Domains failing',
        description: 'Domains with an error in this snapshot; which, why and since when is told below.',
        unit: 'none',
        size: [3, 5],
        thresholds: GOOD_BELOW_ONE,
      },
      [
        {
          expr: `sum by (job, instance) (${here('vhi_domain_collect_errors')} > bool 0)`,
          legend: '{{instance}}',
        },
      ],
    ),
    stat({ title: 'Domains', description: 'Domains in force from the domains file.', unit: 'none', size: [3, 5] }, [
      { expr: here('vhi_domains_configured'), legend: '{{instance}}' },
    ]),
    stat(
      {
        title: 'Exporter',
        description: 'Whether Prometheus could scrape the exporter. While it is down there are no figures at all.',
        unit: 'none',
        size: [4, 5],
      },
      [{ expr: here('up'), legend: '{{instance}}' }],
      [UP],
    ),
  ],
};

const LINES =
  'A line for each exporter, never added up. Partial totals are orange points beside it, and a lower bound; where there is neither, nothing was collected.';
const COMPARED =
  'Complete totals only: now, against the last complete one within an hour of that time. Nothing is shown while now is partial, or where there was no complete total then.';

const overTime: Section = {
  title: 'Over time',
  panels: [
    graph({ title: 'vCPUs in use over time', description: LINES, unit: 'none', size: [12, 9] }, totals(VCPUS)),
    graph({ title: 'RAM in use over time', description: LINES, unit: 'mbytes', size: [12, 9] }, totals(RAM)),
    stat(
      { title: 'vCPUs: change', description: COMPARED, unit: 'none', size: [6, 5], noValue: 'not comparable' },
      changes(VCPUS),
    ),
    stat(
      { title: 'RAM: change', description: COMPARED, unit: 'mbytes', size: [6, 5], noValue: 'not comparable' },
      changes(RAM),
    ),
    timeline(
      {
        title: 'Snapshots over time',
        description: 'Orange where a snapshot was partial, those between two points of the graphs included.',
        unit: 'none',
        size: [9, 5],
      },
      [{ expr: `min_over_time(${here('vhi_snapshot_complete')}[$__rate_interval])`, legend: '{{instance}}' }],
      [SNAPSHOT],
    ),
    stat(
      {
        title: 'Complete snapshots',
        description: 'Part of the snapshots in the time shown that were complete.',
        unit: 'percentunit',
        size: [3, 5],
        thresholds: [
          { value: null, color: 'orange' },
          { value: 1, color: 'green' },
        ],
      },
      [{ expr: `avg_over_time(${here('vhi_snapshot_complete')}[$__range])`, legend: '{{instance}}' }],
    ),
  ],
};

const BARS =
  'The 20 largest. Orange: read in part, a lower bound. A domain that could not be collected has no bar. Exporters of the same cloud show each domain once each.';
const SHARES = 'Of the 20 largest. Orange: of a partial total, so that each true share may be another.';
const linked = linkToDomain('__field.labels.domain');

const domains: Section = {
  title: 'Domains by size',
  panels: [
    bars({ title: 'vCPUs by domain', description: BARS, unit: 'none', size: [6, 12] }, sizes(DOMAIN_VCPUS)),
    bars({ title: 'RAM by domain', description: BARS, unit: 'mbytes', size: [6, 12] }, sizes(DOMAIN_RAM)),
    bars(
      { title: 'Share of the vCPUs', description: SHARES, unit: 'percentunit', size: [6, 12] },
      shares(DOMAIN_VCPUS, VCPUS),
    ),
    bars(
      { title: 'Share of the RAM', description: SHARES, unit: 'percentunit', size: [6, 12] },
      shares(DOMAIN_RAM, RAM),
    ),
  ].map((panel) => panel.overrideByFieldType('number', [linked])),
};

const allDomains: Section = { title: 'Each domain', panels: [domainsTable(), trendsTable()] };

const failing: Section = {
  title: 'Domains that fail',
  panels: [
    failingTable('all'),
    graph(
      {
        title: 'Errors over time',
        description:
          'Errors of each domain that fails, as each snapshot had them; nothing is drawn for a domain that is well.',
        unit: 'none',
        decimals: 0,
        size: [10, 9],
      },
      [{ expr: `${here('vhi_domain_collect_errors')} > 0`, legend: '{{domain}}' }],
      GraphDrawStyle.Bars,
    ),
  ],
};

const collection: Section = {
  title: 'Collection and domains file',
  panels: [
    graph(
      {
        title: 'Time of a snapshot',
        description:
          'A scrape that nears its timeout is answered with what is there, as a partial total. The dashed line is the timeout that is written above.',
        unit: 's',
        size: [12, 8],
      },
      [
        { expr: here('vhi_snapshot_duration_seconds'), legend: '{{instance}}' },
        { expr: 'vector($scrape_timeout)', legend: 'scrape timeout', limit: true },
      ],
    ),
    bars(
      {
        title: 'Slowest domains',
        description: 'The ten domains that took longest in this snapshot.',
        unit: 's',
        size: [12, 8],
      },
      [
        {
          expr: `topk by (job, instance) (10, ${here('vhi_domain_collect_duration_seconds')})`,
          legend: '{{domain}}',
        },
      ],
    ).overrideByFieldType('number', [linked]),
    stat(
      {
        title: 'Domains file',
        description: 'Whether the file as it is now could be taken over. If not, the last good list counts on.',
        unit: 'none',
        size: [8, 4],
      },
      [{ expr: here('vhi_domains_file_last_reload_successful'), legend: '{{instance}}' }],
      [FILE],
    ),
    stat(
      {
        title: 'Bad lines',
        description:
          'Lines of the domains file that do not count; each makes every snapshot partial. The log names them.',
        unit: 'none',
        size: [8, 4],
        thresholds: GOOD_BELOW_ONE,
      },
      [{ expr: here('vhi_domains_file_problems'), legend: '{{instance}}' }],
    ),
    stat(
      {
        title: 'File last taken over',
        description: 'When a list of domains was last taken over.',
        unit: 'dateTimeFromNow',
        size: [8, 4],
      },
      [
        {
          expr: `1000 * ${here('vhi_domains_file_last_reload_success_timestamp_seconds')}`,
          legend: '{{instance}}',
        },
      ],
    ),
  ],
};

/** What is in use, and whether it is all. */
export const overview = (): Dashboard =>
  dashboard('overview', {
    description: 'vCPUs and RAM in use over all domains, and what is missing in them.',
    from: 'now-24h',
    variables: [scrapeTimeout()],
    sections: [now, overTime, domains, allDomains, failing, collection],
  });
