import { mergeGroups } from '../snapshot/snapshot.js';
import { isFor } from '../tariffs/price-list.js';
import type { TariffBook } from '../tariffs/tariff.js';
import type { DomainUsage, UsageReport } from '../usage-report/report.js';

/**
 * A report that is not complete where the price of a server may go by its flavor, and Nova does not name that any more: it would
 * have another price in silence. Pure.
 */
export function judgeFlavors(report: UsageReport, { tariffs }: TariffBook): UsageReport {
  const byFlavor = tariffs.filter(
    ({ flavor, startMs, endMs }) =>
      flavor !== null && (startMs ?? -Infinity) < report.end && (endMs ?? Infinity) > report.start,
  );
  const domains = report.domains.map((usage): DomainUsage => {
    const { domain, projects, errors } = usage;
    const count = projects
      .filter(({ id: projectId }) => byFlavor.some((tariff) => isFor(tariff, { domain, projectId })))
      .flatMap(({ servers }) => servers.filter(({ flavor }) => flavor === '')).length;
    if (count === 0) return usage;
    const message = `the price of servers goes by their flavor, and Nova does not name that of ${count} any more`;
    const group = { stage: 'usage', reason: 'incomplete', status: null, count, message } as const;
    return { ...usage, result: 'partial', errors: mergeGroups([...errors, group]) };
  });
  return { ...report, domains, complete: report.complete && domains.every(({ result }) => result === 'ok') };
}
