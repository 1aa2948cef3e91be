import { counted, grouped } from '../text.js';
import type { Snapshot } from './snapshot.js';

/** What a snapshot lacks: `1 of 6 domains failed, 2 are partial, 1 line of the domains file is bad`; empty if complete. */
export function gapsText({ domains, problems }: Snapshot): string {
  const number = (result: string): number => domains.filter((domain) => domain.result === result).length;
  const failed = number('failed');
  const partial = number('partial');
  const bad = problems.length;
  const of = ` of ${counted(domains.length, 'domain')}`;
  const are = (count: number): string => (count === 1 ? 'is' : 'are');
  return [
    ...(failed > 0 ? [`${grouped(failed)}${of} failed`] : []),
    ...(partial > 0 ? [`${grouped(partial)}${failed > 0 ? '' : of} ${are(partial)} partial`] : []),
    ...(bad > 0 ? [`${counted(bad, 'line')} of the domains file ${are(bad)} bad`] : []),
  ].join(', ');
}
