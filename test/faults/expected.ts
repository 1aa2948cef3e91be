import { isShared, OF_A_PAGE, PAGE, type Place } from './places.js';
import type { Row } from './table.js';

/** What each domain comes to, that which is hit first. */
export interface Outcome {
  told: readonly string[];
  /** Domains that began the shared listing; null: there is none, or it is not shared by all. */
  listers: number | null;
}

const ERROR = /^(?:failed|partial (\d+)) (.*)$/;
/** What says something of one's own credential, and nothing of the others': nobody else fails of it. */
const OWN = /^servers (auth|forbidden)\b/;

/** What a row comes to at a place, or why it is not tried there. */
export function expectedAt(row: Row, place: Place): Outcome | { none: string } {
  const told = row.elsewhere?.[place.name];
  if (told) return { told, listers: null };
  const expected = row.at[place.stage];
  if (typeof expected !== 'string') return expected;
  return outcome(place, expected, row);
}

/**
 * @param told what it comes to where each domain asks for itself
 * @param row `apart`: the domain that is hit has addresses of its own; `untilDeadline`: no time is left to try again
 */
export function outcome(place: Place, told: string, row: Pick<Row, 'apart' | 'untilDeadline'> = {}): Outcome {
  const alone = { told: [told, ...place.others.map(() => 'ok')], listers: null };
  if (!isShared(place)) return alone;
  const [, servers, error = ''] = ERROR.exec(told) ?? [];
  // Whole but for what a row of it doesn't tell: as good as any, so that nobody repeats it.
  if (told === 'ok' || error.endsWith('incomplete')) return { ...alone, listers: row.apart ? null : 1 };
  const pages = Number(servers ?? 0) / PAGE;
  const part = (index: number): string =>
    pages === 0 ? `failed ${error}` : `partial ${pages * OF_A_PAGE[index === 0 ? 0 : 1]} ${error}`;
  const all = (listers: number | null): Outcome => ({
    told: ['sick', ...place.others].map((_, index) => part(index)),
    listers,
  });
  if (row.untilDeadline) return all(1);
  if (!place.hitsAll) {
    // At other addresses it is another cloud, as far as can be known.
    if (row.apart) return { ...alone, told: [part(0), ...alone.told.slice(1)] };
    // The next member's credential lists, and the listing is whole.
    const sick = OWN.test(error) ? `failed ${error}` : 'ok';
    return { told: [sick, ...alone.told.slice(1)], listers: 2 };
  }
  // Whose own credential is refused gets nothing; for whom no other one is left to list, what the last one read counts.
  if (OWN.test(error)) return { told: [`failed ${error}`, `failed ${error}`, part(2)], listers: 2 };
  return all(row.apart ? null : 2);
}
