import { dashboard, type Section, type Dashboard } from './frame.js';
import { graph, stat, table, words, type Query } from './panels.js';
import { here } from './queries.js';

const rate = (metric: string, more = ''): string => `rate(${here(metric, more)}[$__rate_interval])`;

const quantile = (q: number): Query => ({
  expr: `histogram_quantile(${q}, sum by (job, instance, service, le) (${rate('vhi_cloud_request_duration_seconds_bucket')}))`,
  legend: `{{service}} p${q * 100} ({{instance}})`,
});

const plain = (metric: string, legend: string): Query => ({ expr: here(metric), legend: `${legend} ({{instance}})` });

const UP = words({ 0: { text: 'down', color: 'red' }, 1: { text: 'up', color: 'green' } });

const now: Section = {
  title: 'Now',
  panels: [
    stat(
      { title: 'Exporter', description: 'Whether Prometheus could scrape it.', unit: 'none', size: [4, 5] },
      [{ expr: here('up'), legend: '{{instance}}' }],
      [UP],
    ),
    stat(
      { title: 'Running since', description: 'When the process was started.', unit: 'dateTimeFromNow', size: [4, 5] },
      [{ expr: `1000 * ${here('process_start_time_seconds')}`, legend: '{{instance}}' }],
    ),
    stat(
      {
        title: 'File last taken over',
        description: 'When a list of domains was last taken over from the domains file.',
        unit: 'dateTimeFromNow',
        size: [4, 5],
      },
      [
        {
          expr: `1000 * ${here('vhi_domains_file_last_reload_success_timestamp_seconds')}`,
          legend: '{{instance}}',
        },
      ],
    ),
    table({ title: 'Version', description: 'What runs, and on which Node.js.', unit: 'none', size: [12, 5] }, [
      { expr: here('vhi_exporter_build_info') },
    ]).withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true, Value: true, __name__: true, job: true },
        indexByName: { instance: 0, version: 1, node_version: 2 },
        renameByName: { node_version: 'Node.js' },
      },
    }),
  ],
};

const cloud: Section = {
  title: 'Requests to the cloud',
  panels: [
    graph(
      {
        title: 'Requests by service and code',
        description: 'Each attempt, logins included. The code is the HTTP status, or timeout, network or aborted.',
        unit: 'reqps',
        size: [12, 9],
      },
      [
        {
          expr: `sum by (job, instance, service, code) (${rate('vhi_cloud_requests_total')})`,
          legend: '{{service}} {{code}} ({{instance}})',
        },
      ],
    ),
    graph(
      {
        title: 'Attempts that failed',
        description:
          'Without an answer of 2xx. Some 403 are normal: they show how far a credential sees. Nothing is drawn while there are none.',
        unit: 'percentunit',
        size: [12, 9],
      },
      [
        {
          expr: `sum by (job, instance, service) (${rate('vhi_cloud_requests_total', 'code!~"2.."')}) / sum by (job, instance, service) (${rate('vhi_cloud_requests_total')})`,
          legend: '{{service}} ({{instance}})',
        },
      ],
    ),
    graph(
      {
        title: 'Time of an attempt',
        description: 'Estimated from the histogram: the median, and what 90 % and 99 % of the attempts stay below.',
        unit: 's',
        size: [12, 9],
      },
      [quantile(0.5), quantile(0.9), quantile(0.99)],
    ),
    graph(
      { title: 'Time of an attempt, on average', description: 'Exact, from sum and count.', unit: 's', size: [12, 9] },
      [
        {
          expr: `${rate('vhi_cloud_request_duration_seconds_sum')} / ${rate('vhi_cloud_request_duration_seconds_count')}`,
          legend: '{{service}} ({{instance}})',
        },
      ],
    ),
    graph(
      {
        title: 'Logins an hour, by result',
        description:
          'Password logins. A steady few renew tokens; a refused login is tried again after 5 minutes, an hour, then every 6 hours.',
        unit: 'none',
        size: [12, 8],
      },
      [{ expr: `3600 * ${rate('vhi_cloud_logins_total')}`, legend: '{{result}} ({{instance}})' }],
    ),
    graph(
      {
        title: 'Requests to Keystone an hour, by code',
        description:
          'With 201: tokens, by a password or for another project. With 200: lists of projects and the like.',
        unit: 'none',
        size: [12, 8],
      },
      [
        {
          expr: `3600 * ${rate('vhi_cloud_requests_total', 'service="identity"')}`,
          legend: '{{code}} ({{instance}})',
        },
      ],
    ),
  ],
};

const scrapes: Section = {
  title: 'Scrapes and reloads',
  panels: [
    graph(
      {
        title: 'Time of a scrape',
        description: 'As Prometheus saw it, and the collection behind it.',
        unit: 's',
        size: [8, 8],
      },
      [plain('scrape_duration_seconds', 'scrape'), plain('vhi_snapshot_duration_seconds', 'collection')],
    ),
    graph(
      {
        title: 'Domains in force, and bad lines',
        description: 'Steps show edits of the domains file.',
        unit: 'none',
        decimals: 0,
        size: [8, 8],
      },
      [plain('vhi_domains_configured', 'domains'), plain('vhi_domains_file_problems', 'bad lines')],
    ),
    graph(
      {
        title: 'Age of the snapshot',
        description:
          'How old the figures were when they were given to Prometheus. Only with --collect.min-interval, without which each scrape brings new ones.',
        unit: 's',
        size: [8, 8],
      },
      [
        {
          expr: `timestamp(${here('vhi_snapshot_timestamp_seconds')}) - ${here('vhi_snapshot_timestamp_seconds')}`,
          legend: '{{instance}}',
        },
      ],
    ),
    graph(
      {
        title: 'Reloads',
        description: 'Of the domains file in the last hour (a restart is one); and what was taken over: 1 or 0.',
        unit: 'none',
        decimals: 0,
        size: [8, 8],
      },
      [
        {
          expr: `changes(${here('vhi_domains_file_last_reload_success_timestamp_seconds')}[1h])`,
          legend: 'reloads ({{instance}})',
        },
        plain('vhi_domains_file_last_reload_successful', 'domains taken over'),
        plain('vhi_tariffs_file_last_reload_successful', 'tariffs taken over'),
      ],
    ),
  ],
};

const runtime: Section = {
  title: 'Process',
  panels: [
    graph(
      {
        title: 'Memory',
        description: "The process's resident memory, and the parts of it that Node.js manages.",
        unit: 'bytes',
        size: [12, 8],
      },
      [
        plain('process_resident_memory_bytes', 'resident'),
        plain('nodejs_heap_size_total_bytes', 'heap'),
        plain('nodejs_heap_size_used_bytes', 'heap in use'),
        plain('nodejs_external_memory_bytes', 'buffers'),
      ],
    ),
    graph(
      {
        title: 'CPU',
        description: 'Cores in use; JavaScript runs on one.',
        unit: 'none',
        size: [12, 8],
      },
      [
        { expr: rate('process_cpu_user_seconds_total'), legend: 'user ({{instance}})' },
        { expr: rate('process_cpu_system_seconds_total'), legend: 'system ({{instance}})' },
      ],
    ),
    graph(
      {
        title: 'Event loop lag',
        description: 'How late timers fire since the last scrape. A busy event loop makes deadlines late.',
        unit: 's',
        size: [8, 8],
      },
      [
        plain('nodejs_eventloop_lag_p50_seconds', 'p50'),
        plain('nodejs_eventloop_lag_p99_seconds', 'p99'),
        plain('nodejs_eventloop_lag_max_seconds', 'longest'),
      ],
    ),
    graph(
      {
        title: 'Garbage collection',
        description: 'Part of the time that goes to it, by kind.',
        unit: 'percentunit',
        size: [8, 8],
      },
      [{ expr: rate('nodejs_gc_duration_seconds_sum'), legend: '{{kind}} ({{instance}})' }],
    ),
    graph(
      {
        title: 'File descriptors',
        description: 'Open files and sockets, against the limit.',
        unit: 'none',
        decimals: 0,
        size: [8, 8],
      },
      [plain('process_open_fds', 'open'), { ...plain('process_max_fds', 'limit'), limit: true }],
    ),
  ],
};

/** The exporter itself: what it asks of the cloud, and what it takes. */
export const exporter = (): Dashboard =>
  dashboard('exporter', {
    description: "The exporter's requests to the cloud, its scrapes and reloads, and its process.",
    from: 'now-6h',
    sections: [now, cloud, scrapes, runtime],
  });
