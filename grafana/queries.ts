/** Every query keeps to the job and the exporters that are chosen above the dashboard. */
const CHOSEN = 'job="$job", instance=~"$instance"';

// Quoted by Grafana, since a domain's name may hold quotes.
const DOMAIN = 'domain=${domain:doublequote}';

/** A metric of the exporters that are chosen. */
export const here = (metric: string, more = ''): string => `${metric}{${[CHOSEN, more].filter(Boolean).join(', ')}}`;

/** A metric of the domain that is chosen. */
export const ofDomain = (metric: string, more = ''): string => here(metric, [DOMAIN, more].filter(Boolean).join(', '));

type Pick = typeof here;

const COMPLETE = `${here('vhi_snapshot_complete')} == 1`;
const wellDomains = (pick: Pick): string => `${pick('vhi_domain_collect_errors')} == 0`;

/** A total while it is one; nothing while it is partial. */
export const completeTotal = (metric: string): string => `${here(metric)} and on (job, instance) ${COMPLETE}`;

/** A total while it is partial. */
export const partialTotal = (metric: string): string => `${here(metric)} unless on (job, instance) ${COMPLETE}`;

/** A figure of domains while they are well. */
export const complete = (metric: string, pick: Pick = here): string =>
  `${pick(metric)} and on (job, instance, domain) ${wellDomains(pick)}`;

/** A figure of domains that were read in part. */
export const partial = (metric: string, pick: Pick = here): string =>
  `${pick(metric)} unless on (job, instance, domain) ${wellDomains(pick)}`;

/** The change of a total against the last complete one within an hour of that time. */
export const changeSince = (metric: string, offset: '1d' | '1w'): string =>
  `(${completeTotal(metric)}) - on (job, instance) last_over_time((${completeTotal(metric)})[1h:1m] offset ${offset})`;

/** The 20 largest of each exporter. */
export const largest = (expr: string, by = 'job, instance'): string => `topk by (${by}) (20, ${expr})`;

/** Each domain's part of the total. */
export const share = (metric: string, total: string, by = 'job, instance'): string =>
  largest(`${here(metric)} / on (${by}) group_left () ((${total}) > 0)`, by);

const KEY = 'on (job, instance, domain)';

/** When a domain was last seen well, within a day. */
export const lastWell = (pick: Pick = here): string => `max_over_time(timestamp(${wellDomains(pick)})[1d:1m])`;

/**
 * A series for each error that lasts. Its value is when the domain was last well or, if that was not seen within a day,
 * since when it is known to fail; the label `since` tells which of them it is.
 */
export const failingSince = (pick: Pick = here): string => {
  const errors = pick('vhi_domain_collect_error_info');
  const seenFailing = `timestamp(${pick('vhi_domain_collect_errors')} > 0)`;
  // One that began to fail within this minute is between the steps of the day.
  const firstSeen = `(min_over_time(${seenFailing}[1d:1m]) or ${seenFailing})`;
  const told = (text: string, expr: string): string => `label_replace(${expr}, "since", "${text}", "", "")`;
  return [
    told('last well', `${errors} * ${KEY} group_left () ${lastWell(pick)}`),
    told(
      'not seen well within a day, failing since',
      `(${errors} unless ${KEY} ${lastWell(pick)}) * ${KEY} group_left () ${firstSeen}`,
    ),
  ].join(' or ');
};
