import { type Cloud, type Domain, LABELS, LARGE } from './cloud.js';

/* The tariffs file, and what an hour costs by it: reckoned here by hand, and not by what the exporter reckons with. */

/** The zone of the file is one in which it is noon, so that no month ends while Prometheus watches. */
const HOURS_AHEAD = 12 - new Date().getUTCHours();

/** Of an hour. */
export interface Prices {
  vcpu: number;
  /** Of a server of the large flavor, while that has a tariff. */
  large: number | null;
}

export const FIRST: Prices = { vcpu: 4000.5, large: 2500 };
/** The price of vCPUs is raised, and that of large servers has ended. */
export const RAISED: Prices = { vcpu: 8001, large: null };

/** Of initech's vCPUs, which the raise leaves as they are. */
const INITECH_VCPU = 120;
/** Of a GB for a month. */
const RAM = 36500.25;

export const tariffsText = ({ vcpu, large }: Prices): string => `currency: IDR
timezone: Etc/GMT${HOURS_AHEAD > 0 ? '-' : '+'}${Math.abs(HOURS_AHEAD)}
tariffs:
  - {name: vCPU, resource: vcpu, price: "${vcpu}", per: hour}
  - {name: RAM, resource: ram_gb, price: "${RAM}", per: month}
  - {name: vCPU of initech, resource: vcpu, price: "${INITECH_VCPU}", per: hour, domain: initech}
  - {name: Large server, resource: server, price: "${large ?? FIRST.large}", per: hour, flavor: ${LARGE}${large === null ? ', end: 2020-01-01' : ''}}
`;

/** With a price that is none. */
export const BROKEN_TARIFFS = tariffsText(FIRST).replace(`"${RAM}"`, 'dear');

/** As budgets.rules.yml.example has them. Globex comes to more than its own once prices are raised; initech never does. */
export const BUDGET = 22_000_000;
export const BUDGETS = `groups:
  - name: vhi-budgets
    rules:
      - record: domain:vhi_cost_budget:month
        expr: vector(${BUDGET})
        labels: { domain: '${LABELS.globex}', currency: IDR }
      - record: domain:vhi_cost_budget:month
        expr: vector(${BUDGET})
        labels: { domain: initech, currency: IDR }
`;

/** Of the month that it is in the zone of the file. */
function hoursOfMonth(): number {
  const there = new Date(Date.now() + HOURS_AHEAD * 3_600_000);
  return 24 * new Date(Date.UTC(there.getUTCFullYear(), there.getUTCMonth() + 1, 0)).getUTCDate();
}

/** Of one hour now, at these prices, by the cloud's own books. */
export function costOf(cloud: Cloud, prices: Prices, domain: Domain): number {
  const { vcpus, ramMb } = cloud.inUse(domain);
  const vcpu = domain === 'initech' ? INITECH_VCPU : prices.vcpu;
  const ram = (ramMb / 1024) * (RAM / hoursOfMonth());
  return vcpus * vcpu + ram + cloud.largeInUse(domain) * (prices.large ?? 0);
}

export type Costs = Record<Domain, number>;

export function costsOf(cloud: Cloud, prices: Prices): Costs {
  const domains = Object.keys(LABELS) as Domain[];
  return Object.fromEntries(domains.map((domain) => [domain, costOf(cloud, prices, domain)])) as Costs;
}
