import { GraphDrawStyle } from '@grafana/grafana-foundation-sdk/common';

import { failingTable } from './domain-tables.js';
import { dashboard, domainVariable, scrapeTimeout, type Section, type Dashboard } from './frame.js';
import { bars, graph, stat, timeline, words, type Query } from './panels.js';
import { complete, lastWell, ofDomain, partial } from './queries.js';

const VCPUS = 'vhi_domain_vcpus_in_use';
const RAM = 'vhi_domain_ram_mb_in_use';

/** A figure of the domain, or of a part of it that the legend names. */
const figures = (metric: string, legend = '{{instance}}'): Query[] => [
  { expr: complete(metric, ofDomain), legend },
  { expr: partial(metric, ofDomain), legend, partial: true },
];

const servers = (pick: typeof complete): string => `sum by (job, instance) (${pick('vhi_domain_servers', ofDomain)})`;

const WHOLE =
  'Orange and "at least": read in part, and more may be in use. No number: the domain could not be collected.';
const LINES =
  'Partial figures are orange points beside the line, and a lower bound; where there is neither, the domain could not be collected.';
const WITH_PROJECTS = 'Only with --collect.projects.';

const now: Section = {
  title: '$domain now',
  panels: [
    stat({ title: 'vCPUs in use', description: WHOLE, unit: 'none', size: [5, 5] }, figures(VCPUS)),
    stat({ title: 'RAM in use', description: WHOLE, unit: 'mbytes', size: [5, 5] }, figures(RAM)),
    stat(
      {
        title: 'Servers',
        description: `Servers of any status, counted in or not. ${WHOLE} Nor is there one where only limits are read.`,
        unit: 'none',
        size: [4, 5],
      },
      [
        { expr: servers(complete), legend: '{{instance}}' },
        { expr: servers(partial), legend: '{{instance}}', partial: true },
      ],
    ),
    stat(
      {
        title: 'Projects',
        description: `Projects that the domain's user can see. ${WHOLE}`,
        unit: 'none',
        size: [3, 5],
      },
      figures('vhi_domain_projects'),
    ),
    stat(
      {
        title: 'Errors',
        description: 'Errors of the domain in this snapshot; 0 means that its figures are complete.',
        unit: 'none',
        size: [3, 5],
        thresholds: [
          { value: null, color: 'green' },
          { value: 1, color: 'orange' },
        ],
      },
      [{ expr: ofDomain('vhi_domain_collect_errors'), legend: '{{instance}}' }],
    ),
    stat(
      {
        title: 'Last seen well',
        description: 'When the domain was last collected without an error, within the last day.',
        unit: 'dateTimeFromNow',
        size: [4, 5],
        noValue: 'not within a day',
      },
      [{ expr: `1000 * ${lastWell(ofDomain)}`, legend: '{{instance}}' }],
    ),
  ],
};

const usage: Section = {
  title: 'In use',
  panels: [
    graph({ title: 'vCPUs in use over time', description: LINES, unit: 'none', size: [12, 8] }, figures(VCPUS)),
    graph({ title: 'RAM in use over time', description: LINES, unit: 'mbytes', size: [12, 8] }, figures(RAM)),
    graph(
      {
        title: 'Servers by status',
        description: `Servers by Nova's status, counted in or not. ${LINES}`,
        unit: 'none',
        decimals: 0,
        size: [12, 8],
      },
      figures('vhi_domain_servers', '{{status}}'),
    ),
    graph(
      {
        title: 'Projects over time',
        description: `Projects that the domain's user can see. ${LINES}`,
        unit: 'none',
        decimals: 0,
        size: [12, 8],
      },
      figures('vhi_domain_projects'),
    ),
  ],
};

const BARS = `The projects as of now. ${WITH_PROJECTS} Orange: the domain was read in part, so that a project may lack something.`;

const projects: Section = {
  title: 'Projects',
  panels: [
    bars(
      { title: 'vCPUs by project', description: BARS, unit: 'none', size: [6, 9] },
      figures('vhi_project_vcpus_in_use', '{{project}}'),
    ),
    bars(
      { title: 'RAM by project', description: BARS, unit: 'mbytes', size: [6, 9] },
      figures('vhi_project_ram_mb_in_use', '{{project}}'),
    ),
    graph(
      {
        title: 'vCPUs by project over time',
        description: `${WITH_PROJECTS} ${LINES}`,
        unit: 'none',
        size: [12, 9],
      },
      figures('vhi_project_vcpus_in_use', '{{project}}'),
    ),
  ],
};

const errors: Section = {
  title: 'Errors and time',
  panels: [
    failingTable('chosen'),
    graph(
      {
        title: 'Time to collect the domain',
        description: 'The dashed line is the timeout of a scrape that is written above.',
        unit: 's',
        size: [10, 9],
      },
      [
        { expr: ofDomain('vhi_domain_collect_duration_seconds'), legend: '{{instance}}' },
        { expr: 'vector($scrape_timeout)', legend: 'scrape timeout', limit: true },
      ],
    ),
    timeline(
      {
        title: 'Errors over time',
        description: 'A band for each stage and reason, while the error lasts.',
        unit: 'none',
        size: [14, 8],
      },
      [{ expr: ofDomain('vhi_domain_collect_error_info'), legend: '{{stage}}: {{reason}} ({{instance}})' }],
      [words({ 1: { text: 'fails', color: 'orange' } })],
    ),
    graph(
      {
        title: 'Errors an hour, by reason',
        description:
          'From the counter, so that errors between two points of this graph are seen too. The very first of a reason is not.',
        unit: 'none',
        size: [10, 8],
      },
      [
        {
          expr: `3600 * rate(${ofDomain('vhi_domain_collect_failures_total')}[$__rate_interval])`,
          legend: '{{reason}} ({{instance}})',
        },
      ],
      GraphDrawStyle.Bars,
    ),
  ],
};

/** One domain: what it uses, and what was wrong with it. */
export const domain = (): Dashboard =>
  dashboard('domain', {
    description: 'vCPUs, RAM, servers and projects of one domain, and its errors.',
    from: 'now-24h',
    variables: [domainVariable(), scrapeTimeout()],
    sections: [now, usage, projects, errors],
  });
