import { isInForce } from './in-force.js';
import { RESOURCES, type Resource, type Tariff } from './tariff.js';

/** A project that uses something. */
export interface Subject {
  domain: { label: string; id: string };
  projectId: string;
}

/** What it uses; `flavor` of a server only, null where none of the flavors that have a tariff is meant. */
export interface Item {
  resource: Resource;
  flavor: string | null;
}

/** The tariffs in force at one instant. */
export interface PriceList {
  /**
   * The tariff for what a project uses; null when there is none. A project's goes before a domain's, and that before a
   * general one; a domain's by its label, which is unique, before one by its id, which domains of other clouds may share.
   * Of equal ones, that of the flavor goes before that of every server.
   */
  lookup: (subject: Subject, item: Item) => Tariff | null;
  /** All that {@link lookup} may give for a resource of a project, by the flavor; null among them: there may be none. */
  choices: (subject: Subject, resource: Resource) => ReadonlySet<Tariff | null>;
}

/** By flavor; null: the one for every flavor. */
type Prices = Map<string | null, Tariff>;

/** The prices of one resource. */
interface Scopes {
  projects: Map<string, Prices>;
  /** By label or id. */
  domains: Map<string, Prices>;
  general: Prices;
}

/** Whether a tariff is for a project, among others. A project's may name the domain too, since clouds may share ids of projects. */
export function isFor({ project, domain }: Tariff, subject: Subject): boolean {
  const { label, id } = subject.domain;
  return (project === null || project === subject.projectId) && [null, label, id].includes(domain);
}

/** @param atMs milliseconds since the epoch */
export function priceListAt(tariffs: readonly Tariff[], atMs: number): PriceList {
  const byResource = Object.fromEntries(
    RESOURCES.map((resource): [Resource, Scopes] => [
      resource,
      { projects: new Map(), domains: new Map(), general: new Map() },
    ]),
  ) as Record<Resource, Scopes>;
  for (const tariff of tariffs) {
    if (isInForce(tariff, atMs)) pricesFor(tariff, byResource[tariff.resource]).set(tariff.flavor, tariff);
  }
  const lookup: PriceList['lookup'] = (subject, { resource, flavor }) => {
    for (const prices of scopesOf(subject, byResource[resource])) {
      const tariff = find(prices, subject, flavor) ?? find(prices, subject, null);
      if (tariff) return tariff;
    }
    return null;
  };
  return {
    lookup,
    choices: (subject, resource) => {
      const flavors = scopesOf(subject, byResource[resource]).flatMap((prices) => [...(prices?.keys() ?? [])]);
      return new Set([null, ...flavors].map((flavor) => lookup(subject, { resource, flavor })));
    },
  };
}

/** Where a tariff belongs. */
function pricesFor({ project, domain }: Tariff, { projects, domains, general }: Scopes): Prices {
  if (project === null && domain === null) return general;
  const [scopes, key] = project === null ? [domains, domain ?? ''] : [projects, project];
  const prices = scopes.get(key) ?? new Map<string | null, Tariff>();
  scopes.set(key, prices);
  return prices;
}

/** The most specific first. */
function scopesOf({ domain, projectId }: Subject, { projects, domains, general }: Scopes): (Prices | undefined)[] {
  return [projects.get(projectId), domains.get(domain.label), domains.get(domain.id), general];
}

function find(prices: Prices | undefined, subject: Subject, flavor: string | null): Tariff | null {
  const tariff = prices?.get(flavor);
  return tariff && isFor(tariff, subject) ? tariff : null;
}
