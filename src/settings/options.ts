/** Every command and setting: its names, default and help. The README's tables are tested against this file. */

export interface Option {
  /** Placeholder of the value; absent for a switch. */
  value?: string;
  /** Environment variables, the first set one wins. */
  env?: readonly string[];
  default?: string;
  help: string;
}

export const OPTIONS = {
  'domains.file': { value: 'FILE', env: ['VHI_DOMAINS_FILE'], default: 'domains.txt', help: 'the list of domains' },
  'tariffs.file': { value: 'FILE', env: ['VHI_TARIFFS_FILE'], help: 'prices, for statements and cost (default: none)' },
  'cloud.auth-url': { value: 'URL', env: ['VHI_AUTH_URL', 'OS_AUTH_URL'], help: 'Keystone, https://host:5000/v3' },
  'cloud.username': { value: 'NAME', env: ['VHI_USERNAME', 'OS_USERNAME'], help: "each domain's user" },
  'cloud.project': { value: 'NAME', env: ['VHI_PROJECT'], help: "project to log in to (default: the line's name=)" },
  'cloud.region': { value: 'NAME', env: ['OS_REGION_NAME'], help: 'region (default: the only one)' },
  'cloud.interface': { value: 'NAME', env: ['OS_INTERFACE'], default: 'public', help: 'public, internal or admin' },
  'cloud.compute-url': { value: 'URL', env: ['VHI_COMPUTE_URL'], help: 'Nova (default: from the service catalog)' },
  'cloud.ca-file': { value: 'FILE', env: ['OS_CACERT'], help: 'CA certificates, PEM (default: the system CAs)' },
  'cloud.insecure': { env: ['VHI_INSECURE', 'OS_INSECURE'], help: 'do not verify certificates' },
  'collect.timeout': { value: 'TIME', env: ['VHI_COLLECT_TIMEOUT'], default: '5m', help: 'longest collection' },
  'collect.timeout-offset': { value: 'TIME', default: '500ms', help: "taken off the scraper's own timeout" },
  'collect.request-timeout': { value: 'TIME', default: '20s', help: 'longest single request' },
  'collect.min-interval': { value: 'TIME', default: '0s', help: 'give a snapshot younger than this again' },
  'collect.domain-concurrency': { value: 'N', default: '64', help: 'domains with requests in flight, per cloud' },
  'collect.request-concurrency': { value: 'N', default: '64', help: 'requests in flight, per cloud' },
  'collect.counting': {
    value: 'RULE',
    env: ['VHI_COUNTING'],
    default: 'allocated',
    help: 'what is in use: allocated, quota or running',
  },
  'collect.strategy': {
    value: 'NAME',
    default: 'auto',
    help: 'auto, domain-list, cloud-list, project-list or project-limits',
  },
  'collect.incremental': {
    value: 'MODE',
    default: 'auto',
    help: 'auto: ask for changes between full listings; or off',
  },
  'collect.resync-interval': { value: 'TIME', default: '15m', help: 'longest time between full listings' },
  'collect.projects': { help: 'series per project too' },
  'web.listen-address': {
    value: 'ADDR',
    env: ['VHI_LISTEN_ADDRESS'],
    default: '127.0.0.1:10180',
    help: ':port, host:port or [::1]:port',
  },
  'web.config.file': { value: 'FILE', help: 'TLS, basic authentication and headers, in YAML' },
  'web.telemetry-path': { value: 'PATH', default: '/metrics', help: 'where the metrics are' },
  'web.enable-lifecycle': { help: 'POST /-/reload reads domains.txt, tariffs and the web configuration again' },
  timezone: { value: 'ZONE', env: ['VHI_TIMEZONE', 'TZ'], default: 'UTC', help: 'of dates, such as Asia/Jakarta' },
  'usage.max-requests': { value: 'N', default: '10000', help: 'requests that one usage report may take' },
  'log.level': { value: 'LEVEL', default: 'info', help: 'error, warn, info or debug' },
  'log.format': { value: 'FORMAT', default: 'logfmt', help: 'logfmt or json' },
  start: { value: 'DATE', help: 'start: 2026-10-01, 2026-10-01T08:00:00, or with Z or an offset' },
  end: { value: 'DATE', help: 'its end; a date means the end of that day' },
  tz: { value: 'ZONE', help: 'zone of these two (default: of the tariffs file, else --timezone)' },
  domain: { value: 'NAME', help: 'of this domain alone, by name or id' },
  project: { value: 'NAME', help: 'of this project alone, by id, or by name with --domain' },
  detailed: { help: 'each server too' },
  output: { value: 'FORMAT', default: 'table', help: 'table or json; of usage and statement csv too' },
  'simulate.listen-address': { value: 'ADDR', default: '127.0.0.1:0', help: 'where the simulated cloud listens' },
} as const satisfies Record<string, Option>;

export type Flag = keyof typeof OPTIONS;

/** Passwords have no flags, since process lists show those. */
export const PASSWORD_VARIABLES = ['VHI_PASSWORD', 'VHI_PASSWORD_FILE', 'OS_PASSWORD'] as const;

const ANY_COLLECTION = ['domains', 'cloud', 'collect', 'timezone', 'tariffs', 'usage', 'web', 'log'] as const;

/** Each command with the groups of settings (a flag's first word) that go with it. */
export const COMMANDS = {
  serve: { groups: ANY_COLLECTION, help: 'the daemon (the default)' },
  check: { groups: ANY_COLLECTION, help: 'try settings, files and logins; say what each domain may see' },
  snapshot: { groups: [...ANY_COLLECTION, 'output'], help: 'collect once and print' },
  usage: {
    groups: [...ANY_COLLECTION, 'start', 'end', 'tz', 'domain', 'project', 'detailed', 'output'],
    help: 'print what was used between two dates',
  },
  statement: {
    groups: [...ANY_COLLECTION, 'start', 'end', 'tz', 'domain', 'project', 'output'],
    help: 'print what that costs, by the tariffs',
  },
  healthcheck: { groups: ['web', 'log'], help: 'ask the daemon on this machine whether it is healthy' },
  simulate: { groups: ['simulate', 'log'], help: 'a simulated cloud on loopback, its auth URL on stdout' },
  demo: {
    groups: ['domains', 'collect', 'timezone', 'tariffs', 'usage', 'web', 'log', 'simulate'],
    help: 'simulate and serve together',
  },
} as const;

export type Command = keyof typeof COMMANDS;

export function commandTakes(command: Command, flag: Flag): boolean {
  const groups: readonly string[] = COMMANDS[command].groups;
  return groups.includes(flag.split('.')[0] ?? flag);
}
