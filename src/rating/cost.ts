import { monthOf, type Span } from '../dates/moment.js';
import type { DomainSnapshot, Snapshot } from '../snapshot/snapshot.js';
import { priceListAt, type PriceList } from '../tariffs/price-list.js';
import type { Resource, Tariff, TariffBook } from '../tariffs/tariff.js';
import { decimal, quotient, type Decimal } from './decimal.js';
import { gbOf, HOUR_MS } from './piece.js';

/** What an hour of all that is in use costs, in the currency's units, not rounded. */
export interface Costs {
  /** ISO 4217. */
  currency: string;
  /** By the domain's label; only where it can be told in full. */
  domains: ReadonlyMap<string, Decimal>;
  /** null where the snapshot is not complete, or a domain's cost can't be told. */
  total: Decimal | null;
}

/**
 * The tariffs in force when a snapshot was collected, times what was in use then. Free amounts are not taken off, since
 * they are a month's; what has no tariff costs nothing. Pure.
 */
export function costPerHour(snapshot: Snapshot, book: TariffBook): Costs {
  const prices = priceListAt(book.tariffs, snapshot.collectedAt);
  const month = monthOf(snapshot.collectedAt, book.timezone);
  const domains = new Map<string, Decimal>();
  let total = decimal(0);
  for (const domain of snapshot.domains) {
    const units = unitsByTariff(domain, prices);
    if (!units) continue;
    const cost = costOf(units, month);
    domains.set(domain.domain.label, cost);
    total = total.plus(cost);
  }
  const isWhole = snapshot.complete && domains.size === snapshot.domains.length;
  return { currency: book.currency.code, domains, total: isWhole ? total : null };
}

/** Whole units, of RAM in MB; null where they can't be told in full. */
function unitsByTariff(snapshot: DomainSnapshot, prices: PriceList): Map<Tariff, number> | null {
  const { domain, result, usage, servers, byProject } = snapshot;
  if (result !== 'ok' || !usage) return null;
  const units = new Map<Tariff, number>();
  const seen = { vcpus: 0, ramMb: 0, servers: 0 };
  for (const { id, vcpus, ramMb, serversByFlavor } of byProject) {
    const subject = { domain, projectId: id };
    if (!arePriced(serversByFlavor, () => prices.choices(subject, 'server'))) return null;
    const add = (resource: Resource, amount: number, flavor: string | null = null): void => {
      const tariff = prices.lookup(subject, { resource, flavor });
      if (tariff) units.set(tariff, (units.get(tariff) ?? 0) + amount);
    };
    add('vcpu', vcpus);
    add('ram_gb', ramMb);
    seen.vcpus += vcpus;
    seen.ramMb += ramMb;
    for (const [flavor, count] of serversByFlavor ?? []) {
      add('server', count, flavor);
      seen.servers += count;
    }
  }
  // What is of no project that is known would be missing.
  const hasServers = byProject.every(({ serversByFlavor }) => serversByFlavor !== null);
  const isAll = seen.vcpus === usage.vcpus && seen.ramMb === usage.ramMb && (!hasServers || seen.servers === servers);
  return isAll ? units : null;
}

/**
 * Whether the price of each server of a project is known: not where there are prices and no numbers, nor where it goes by
 * a flavor's name that was not told.
 */
function arePriced(servers: ReadonlyMap<string, number> | null, choices: () => ReadonlySet<Tariff | null>): boolean {
  if (servers && !servers.has('')) return true;
  const possible = choices();
  return possible.size === 1 && (servers !== null || possible.has(null));
}

function costOf(units: ReadonlyMap<Tariff, number>, month: Span): Decimal {
  let [hourly, monthly] = [decimal(0), decimal(0)];
  for (const [{ price, per, resource }, amount] of units) {
    const cost = decimal(price).times(resource === 'ram_gb' ? gbOf(amount) : amount);
    if (per === 'hour') hourly = hourly.plus(cost);
    else monthly = monthly.plus(cost);
  }
  return hourly.plus(quotient(monthly.times(HOUR_MS), month.endMs - month.startMs));
}
