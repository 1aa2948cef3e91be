import { expect } from 'chai';

import {
  COUNTINGS,
  addFigures,
  projectFigures,
  serversByStatus,
  type Counting,
  type Expected,
  type ExpectedDomain,
  type Figures,
  type Strategy,
} from './expected.js';
import type { Page } from './metrics.js';
import { withExporter, type Exporter } from './program.js';

/* The assertions of what is in use: the same ones for the real cloud and for the simulator. */

/** A cloud to ask, and what it holds. */
export interface Cloud {
  authUrl: string;
  expected: Expected;
}

/** A way to run the exporter. */
export interface Way {
  strategy: Strategy;
  counting: Counting;
  disabledProjects?: 'error' | 'ignore';
}

/** What must come of one domain. */
interface Outcome {
  result: 'ok' | 'partial' | 'failed';
  errors: { stage: string; reason: string; status: number | null; count: number }[];
  /** Projects whose servers can't be seen. */
  hidden: ReadonlySet<string>;
}

const seesCloud = (domain: ExpectedDomain): boolean => domain.kind === 'cloudadmin';

/** The strategy that really collects a domain. */
export function effectiveStrategy(domain: ExpectedDomain, { strategy, counting }: Way): Strategy {
  if (strategy !== 'auto') return strategy;
  if (seesCloud(domain)) return 'cloud-list';
  return counting === 'quota' ? 'project-limits' : 'project-list';
}

function outcome(domain: ExpectedDomain, way: Way): Outcome {
  const nothing = new Set<string>();
  const strategy = effectiveStrategy(domain, way);
  if (strategy === 'domain-list' || strategy === 'cloud-list') {
    if (seesCloud(domain)) return { result: 'ok', errors: [], hidden: nothing };
    const errors = [{ stage: 'servers', reason: 'forbidden', status: 403, count: 1 }];
    return { result: 'failed', errors, hidden: nothing };
  }
  const hidden = new Set(domain.projects.filter(({ enabled }) => !enabled).map(({ id }) => id));
  if (hidden.size === 0 || way.disabledProjects === 'ignore') return { result: 'ok', errors: [], hidden };
  const errors = [{ stage: 'projects', reason: 'incomplete', status: null, count: hidden.size }];
  return { result: 'partial', errors, hidden };
}

function domainFigures(domain: ExpectedDomain, counting: Counting, hidden: ReadonlySet<string>): Figures {
  return addFigures(domain.projects.filter(({ id }) => !hidden.has(id)).map((p) => projectFigures(p, counting)));
}

/** Compares one collection, in the metrics and in the API, with what the cloud holds. */
export async function expectFigures(exporter: Exporter, { expected }: Cloud, way: Way): Promise<void> {
  const { page, json } = await exporter.observe();
  const outcomes = expected.domains.map((domain) => outcome(domain, way));
  const collected = expected.domains.flatMap((domain, i) => {
    const { result, hidden } = outcomes[i]!;
    return result === 'failed' ? [] : [domainFigures(domain, way.counting, hidden)];
  });
  expected.domains.forEach((domain, i) => {
    expectDomain(page, domain, outcomes[i]!, way);
    const row = json.domains[i]!;
    const errors = row.errors.map(({ stage, reason, status, count }) => ({ stage, reason, status, count }));
    expect(errors, domain.name).to.deep.equal(outcomes[i]!.errors);
    expect([row.domain, row.id, row.result]).to.deep.equal([domain.name, domain.id, outcomes[i]!.result]);
    if (row.result === 'failed') return;
    expect(row.strategy, domain.name).to.equal(effectiveStrategy(domain, way));
    const { servers, vcpus, ramMb } = domainFigures(domain, way.counting, outcomes[i]!.hidden);
    const counted = row.strategy === 'project-limits' ? null : servers;
    expect([row.servers, row.vcpus, row.ramMb], domain.name).to.deep.equal([counted, vcpus, ramMb]);
  });
  const complete = outcomes.every(({ result }) => result === 'ok');
  expect(page.value('vhi_snapshot_complete')).to.equal(complete ? 1 : 0);
  expect([json.complete, json.counting]).to.deep.equal([complete, way.counting]);
  const { vcpus, ramMb, servers } = addFigures(collected);
  const none = collected.length === 0;
  expect(page.value('vhi_total_vcpus_in_use')).to.equal(none ? null : vcpus);
  expect(page.value('vhi_total_ram_mb_in_use')).to.equal(none ? null : ramMb);
  expect(page.value('vhi_domains_configured')).to.equal(expected.domains.length);
  if (none) expect(json.totals).to.equal(null);
  else {
    const counted = json.domains.some((row) => row.strategy === 'project-limits') ? null : servers;
    expect(json.totals).to.deep.equal({ vcpus, ramMb, servers: counted });
  }
}

function expectDomain(page: Page, domain: ExpectedDomain, { result, errors, hidden }: Outcome, way: Way): void {
  const labels = { domain: domain.name };
  const failed = result === 'failed';
  expect(page.value('vhi_domain_collect_errors', labels), domain.name).to.equal(errors.length);
  const info = page.all('vhi_domain_collect_error_info').filter((sample) => sample.labels['domain'] === domain.name);
  expect(info).to.deep.equal(errors.map(({ stage, reason }) => ({ labels: { ...labels, stage, reason }, value: 1 })));
  const { vcpus, ramMb } = domainFigures(domain, way.counting, hidden);
  expect(page.value('vhi_domain_vcpus_in_use', labels), domain.name).to.equal(failed ? null : vcpus);
  expect(page.value('vhi_domain_ram_mb_in_use', labels), domain.name).to.equal(failed ? null : ramMb);
  expect(page.value('vhi_domain_projects', labels), domain.name).to.equal(domain.projects.length);

  const seesServers = !failed && effectiveStrategy(domain, way) !== 'project-limits';
  const statuses = Object.fromEntries(
    page
      .all('vhi_domain_servers')
      .filter((sample) => sample.labels['domain'] === domain.name)
      .map((sample): [string, number] => [sample.labels['status'] ?? '', sample.value]),
  );
  const visible = domain.projects.filter(({ id }) => !hidden.has(id));
  expect(statuses, domain.name).to.deep.equal(seesServers ? serversByStatus(visible) : {});

  for (const project of visible) {
    const figures = projectFigures(project, way.counting);
    const series = { ...labels, project_id: project.id, project: project.name };
    expect(page.value('vhi_project_vcpus_in_use', series), project.name).to.equal(failed ? null : figures.vcpus);
    expect(page.value('vhi_project_ram_mb_in_use', series), project.name).to.equal(failed ? null : figures.ramMb);
  }
  // A project that can't be seen has no series, rather than one of 0.
  for (const name of ['vhi_project_vcpus_in_use', 'vhi_project_ram_mb_in_use']) {
    const series = page.all(name).filter((sample) => sample.labels['domain'] === domain.name);
    expect(series, name).to.have.length(failed ? 0 : visible.length);
  }
}

/** Starts the program in this way and compares two collections: the second one goes by what the first one learnt. */
export async function expectWay(cloud: Cloud, way: Way): Promise<void> {
  const { strategy, counting, disabledProjects } = way;
  const options = {
    authUrl: cloud.authUrl,
    domains: cloud.expected.domains,
    ...(disabledProjects ? { keys: `disabled_projects=${disabledProjects}` } : {}),
    args: [`--collect.strategy=${strategy}`, `--collect.counting=${counting}`, '--collect.projects'],
  };
  await withExporter(options, async (exporter) => {
    await expectFigures(exporter, cloud, way);
    await expectFigures(exporter, cloud, way);
  });
}

/** Every counting rule with each of the strategies; `project-limits` knows only `quota`. */
export function waysOf(strategies: readonly Strategy[]): Way[] {
  return strategies.flatMap((strategy) =>
    COUNTINGS.filter((counting) => strategy !== 'project-limits' || counting === 'quota').map((counting) => ({
      strategy,
      counting,
    })),
  );
}
