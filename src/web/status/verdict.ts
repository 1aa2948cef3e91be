import { gapsText } from '../../snapshot/gaps.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { counted } from '../../text.js';

/** What the totals are worth. */
export interface Verdict {
  kind: 'none' | 'complete' | 'partial' | 'failed';
  word: string;
  sentence: string;
}

export function verdictOf(snapshot: Snapshot | null): Verdict {
  if (!snapshot) {
    const sentence = 'Nothing was collected yet. The first scrape will; opening this page does not.';
    return { kind: 'none', word: 'Waiting', sentence };
  }
  const { totals, complete, domains } = snapshot;
  const all = counted(domains.length, 'domain');
  if (!totals) {
    const sentence = `No domain could be collected: ${domains.length === 1 ? 'the only one' : `all ${all}`} failed. What is in use is not known; it is not 0.`;
    return { kind: 'failed', word: 'Failed', sentence };
  }
  if (complete) {
    const one = domains.length === 1;
    const sentence =
      domains.length === 0
        ? 'The domains file names no domain, so that nothing is in use.'
        : `${one ? 'The only domain was' : `All ${all} were`} collected without an error.`;
    return { kind: 'complete', word: 'Complete', sentence };
  }
  return { kind: 'partial', word: 'Partial', sentence: `At least this is in use: ${gapsText(snapshot)}.` };
}
