import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardBuilder as ClassicDashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
  type Dashboard as ClassicDashboard,
  type DashboardLink,
  type DynamicConfigValue,
  type Panel,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';

import { DATA_SOURCE } from './panels.js';
import { here } from './queries.js';

/** File names, and with `vhi-` before them the uids that links go by. */
const TITLES = {
  overview: 'VHI: overview',
  domain: 'VHI: domain',
  cost: 'VHI: cost',
  exporter: 'VHI: exporter',
} as const;

export type Name = keyof typeof TITLES;

export interface Section {
  title: string;
  panels: readonly Builder<Panel>[];
}

// The SDK would rather have the v2 model, which Grafana 10 and 11 can't read.
/* eslint-disable @typescript-eslint/no-deprecated */
export type Dashboard = ClassicDashboard;
const DashboardBuilder = ClassicDashboardBuilder;
/* eslint-enable @typescript-eslint/no-deprecated */

interface Contents {
  description: string;
  from: string;
  variables?: readonly Builder<VariableModel>[];
  sections: readonly Section[];
}

// The newest schema that Grafana 10 knows. A later Grafana brings older schemas up to date itself; an older one would
// take a newer schema as it is.
const SCHEMA = 39;

/** A dashboard with what all of them share: data source, job and exporters to choose, and links to the others. */
export function dashboard(name: Name, { description, from, variables = [], sections }: Contents): Dashboard {
  const builder = new DashboardBuilder(TITLES[name])
    .uid(`vhi-${name}`)
    .description(description)
    .tags(['vhi'])
    .time({ from, to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .editable()
    .annotations([])
    .variables([...shared(), ...variables])
    .links((Object.keys(TITLES) as Name[]).filter((other) => other !== name).map(link));
  for (const { title, panels } of sections) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return { ...builder.build(), schemaVersion: SCHEMA };
}

function link(name: Name): Builder<DashboardLink> {
  const builder = new DashboardLinkBuilder(TITLES[name])
    .type(DashboardLinkType.Link)
    .url(`/d/vhi-${name}`)
    .icon('dashboard')
    .includeVars(true)
    .keepTime(true);
  // The SDK would move the link into a menu that Grafana 10 does not have.
  return { build: () => ({ ...builder.build(), placement: undefined }) };
}

const shared = (): Builder<VariableModel>[] => [
  new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
  labelValues('job', 'label_values(vhi_exporter_build_info, job)').label('Job'),
  labelValues('instance', 'label_values(vhi_exporter_build_info{job="$job"}, instance)')
    .label('Exporter')
    .description('Exporters that watch the same cloud show the same figures: they are drawn side by side, never added.')
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: 'All', value: '$__all' }),
];

/** Offers the values of a label, as of the time that is shown. */
function labelValues(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .datasource(DATA_SOURCE)
    .query({ qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalCaseInsensitiveAsc);
}

export const domainVariable = (): QueryVariableBuilder =>
  labelValues('domain', `label_values(${here('vhi_domain_collect_errors')}, domain)`).label('Domain');

export const scrapeTimeout = (): TextBoxVariableBuilder =>
  new TextBoxVariableBuilder('scrape_timeout')
    .label('Scrape timeout (s)')
    .description('The scrape_timeout of the job, in seconds: Prometheus does not tell it.')
    .defaultValue('50')
    .current({ selected: true, text: '50', value: '50' });

/** A link from a figure to its domain's dashboard; `domain` is the variable that holds the name. */
export function linkToDomain(domain: '__field.labels.domain' | '__data.fields.domain'): DynamicConfigValue {
  const chosen = '${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}';
  const url = `/d/vhi-domain?${chosen}&var-domain=\${${domain}:percentencode}`;
  return { id: 'links', value: [{ title: 'Show the domain', url }] };
}
