import type { DomainSnapshot } from '../snapshot/snapshot.js';
import { printable } from '../text.js';
import { COUNTING_HELP } from '../usage/counting.js';
import type { Family, Page, Series } from './family.js';
import { TARIFF_FAMILIES } from './tariff-families.js';

const one = (value: number): Series[] => [{ labels: {}, value }];
const domainsOf = ({ snapshot }: Page): readonly DomainSnapshot[] => snapshot.domains;
const label = ({ domain }: DomainSnapshot): { domain: string } => ({ domain: domain.label });

function perDomain(value: (domain: DomainSnapshot) => number | null): Family['series'] {
  return (page) =>
    domainsOf(page).flatMap((domain) => {
      const v = value(domain);
      return v === null ? [] : [{ labels: label(domain), value: v }];
    });
}

function perProject(value: (usage: { vcpus: number; ramMb: number }) => number): Family['series'] {
  return (page) =>
    domainsOf(page).flatMap((domain) =>
      domain.byProject.map((project) => ({
        labels: { ...label(domain), project: printable(project.name), project_id: printable(project.id) },
        value: value(project),
      })),
    );
}

const counted = ({ snapshot }: Page): string => `Counted: ${COUNTING_HELP[snapshot.counting]}`;

/** Every gauge that a snapshot, the domains file and the tariffs file give, in the order of the page. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'vhi_total_vcpus_in_use',
    help: (page) =>
      `vCPUs in use over all domains; a partial total while vhi_snapshot_complete is 0. ${counted(page)}.`,
    labels: [],
    series: ({ snapshot: { totals } }) => (totals ? one(totals.vcpus) : []),
  },
  {
    name: 'vhi_total_ram_mb_in_use',
    help: (page) => `RAM in use over all domains, in MiB; partial while vhi_snapshot_complete is 0. ${counted(page)}.`,
    labels: [],
    series: ({ snapshot: { totals } }) => (totals ? one(totals.ramMb) : []),
  },
  {
    name: 'vhi_domain_collect_errors',
    help: () => 'Errors of the domain in this snapshot; 0 means that its figures are complete.',
    labels: ['domain'],
    series: perDomain(({ errors }) => errors.length),
  },
  {
    name: 'vhi_domain_collect_error_info',
    help: () => 'An error of the domain in this snapshot, by the stage that failed and the reason.',
    labels: ['domain', 'stage', 'reason'],
    series: errorInfo,
  },
  {
    name: 'vhi_snapshot_complete',
    help: () => 'Whether every line of the domains file is good and every domain was collected without an error.',
    labels: [],
    series: ({ snapshot }) => one(snapshot.complete ? 1 : 0),
  },
  {
    name: 'vhi_snapshot_duration_seconds',
    help: () => 'Time that the collection behind this snapshot took.',
    labels: [],
    series: ({ snapshot }) => one(snapshot.durationSeconds),
  },
  {
    name: 'vhi_snapshot_timestamp_seconds',
    help: () => 'When the collection behind this snapshot began; a young one is given again.',
    labels: [],
    series: ({ snapshot, withTimestamp }) => (withTimestamp ? one(snapshot.collectedAt / 1000) : []),
  },
  {
    name: 'vhi_domain_vcpus_in_use',
    help: (page) => `vCPUs in use in the domain; absent if it could not be collected. ${counted(page)}.`,
    labels: ['domain'],
    series: perDomain(({ usage }) => usage?.vcpus ?? null),
  },
  {
    name: 'vhi_domain_ram_mb_in_use',
    help: (page) => `RAM in use in the domain, in MiB; absent if it could not be collected. ${counted(page)}.`,
    labels: ['domain'],
    series: perDomain(({ usage }) => usage?.ramMb ?? null),
  },
  {
    name: 'vhi_domain_servers',
    help: () => "Servers of the domain by Nova's status, counted in or not.",
    labels: ['domain', 'status'],
    series: serversByStatus,
  },
  {
    name: 'vhi_domain_projects',
    help: () => "Projects that the domain's user can see.",
    labels: ['domain'],
    series: perDomain(({ projects }) => projects),
  },
  {
    name: 'vhi_domain_collect_duration_seconds',
    help: () => 'Time that collecting the domain took.',
    labels: ['domain'],
    series: perDomain(({ durationSeconds }) => durationSeconds),
  },
  {
    name: 'vhi_project_vcpus_in_use',
    help: (page) => `vCPUs in use in the project. ${counted(page)}.`,
    labels: ['domain', 'project', 'project_id'],
    series: (page) => (page.withProjects ? perProject(({ vcpus }) => vcpus)(page) : []),
  },
  {
    name: 'vhi_project_ram_mb_in_use',
    help: (page) => `RAM in use in the project, in MiB. ${counted(page)}.`,
    labels: ['domain', 'project', 'project_id'],
    series: (page) => (page.withProjects ? perProject(({ ramMb }) => ramMb)(page) : []),
  },
  {
    name: 'vhi_domains_configured',
    help: () => 'Domains in force from the domains file.',
    labels: [],
    series: ({ snapshot }) => one(snapshot.domains.length),
  },
  {
    name: 'vhi_domains_file_problems',
    help: () => 'Lines of the domains file that do not count; the log and the API name them.',
    labels: [],
    series: ({ snapshot }) => one(snapshot.problems.length),
  },
  {
    name: 'vhi_domains_file_last_reload_successful',
    help: () => 'Whether the domains file as it is now could be taken over.',
    labels: [],
    series: ({ file }) => one(file.lastReloadSuccessful ? 1 : 0),
  },
  {
    name: 'vhi_domains_file_last_reload_success_timestamp_seconds',
    help: () => 'When the domains file was last taken over.',
    labels: [],
    series: ({ file }) => one(file.lastSuccessAt / 1000),
  },
  ...TARIFF_FAMILIES,
];

function errorInfo(page: Page): Series[] {
  return domainsOf(page).flatMap((domain) => {
    // Groups may differ in their HTTP status only, which is no label.
    const pairs = new Map(domain.errors.map(({ stage, reason }) => [`${stage} ${reason}`, { stage, reason }]));
    return [...pairs.values()].map((pair) => ({ labels: { ...label(domain), ...pair }, value: 1 }));
  });
}

function serversByStatus(page: Page): Series[] {
  return domainsOf(page).flatMap((domain) =>
    [...(domain.byStatus ?? [])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([status, value]) => ({ labels: { ...label(domain), status: printable(status) }, value })),
  );
}
