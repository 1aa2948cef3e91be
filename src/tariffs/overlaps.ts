import { showInstant } from '../dates/moment.js';
import { excerpt } from '../text.js';
import type { Tariff } from './tariff.js';

/**
 * Tariffs of one resource, flavor and specificity that are in force at the same time, each told on the later of the two
 * lines.
 * @param zone in which a common time is shown
 */
export function overlaps(tariffs: readonly Tariff[], zone: string): { line: number; message: string }[] {
  const groups = new Map<string, Tariff[]>();
  for (const tariff of tariffs) {
    const key = JSON.stringify([tariff.resource, tariff.flavor, scopeOf(tariff)]);
    const group = groups.get(key);
    if (group) group.push(tariff);
    else groups.set(key, [tariff]);
  }
  return [...groups.values()].flatMap((group) => overlapsOfGroup(group, zone));
}

function overlapsOfGroup(group: readonly Tariff[], zone: string): { line: number; message: string }[] {
  const found: { line: number; message: string }[] = [];
  const byStart = [...group].sort((a, b) => startOf(a) - startOf(b) || a.line - b.line);
  let longest: Tariff | undefined;
  for (const tariff of byStart) {
    if (longest && startOf(tariff) < endOf(longest)) {
      const [first, second] = [tariff, longest].sort((a, b) => a.line - b.line) as [Tariff, Tariff];
      const when = tariff.startMs === null ? 'without a start' : `in force at ${showInstant(tariff.startMs, zone)}`;
      found.push({
        line: second.line,
        message: `overlaps with line ${first.line}: both are for ${whatFor(tariff)}, and ${when}; end one before the other starts`,
      });
    }
    if (!longest || endOf(tariff) > endOf(longest)) longest = tariff;
  }
  return found;
}

/** A project's id says enough: its domain makes it no more specific. */
function scopeOf({ project, domain }: Tariff): string[] {
  return project !== null ? ['project', project] : domain !== null ? ['domain', domain] : [];
}

function whatFor(tariff: Tariff): string {
  const flavor = tariff.flavor === null ? '' : ` of flavor ${excerpt(tariff.flavor, 60)}`;
  const scope = scopeOf(tariff);
  return `${tariff.resource}${flavor} of ${scope.length > 0 ? excerpt(scope.join(' '), 80) : 'every domain'}`;
}

const startOf = ({ startMs }: Tariff): number => startMs ?? -Infinity;
const endOf = ({ endMs }: Tariff): number => endMs ?? Infinity;
