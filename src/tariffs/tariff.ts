export const RESOURCES = ['vcpu', 'ram_gb', 'server'] as const;
/** What is priced; a GB of RAM is 1,024 MB. */
export type Resource = (typeof RESOURCES)[number];

export const PERIODS = ['hour', 'month'] as const;
/** Of a month: the price of an hour is the price by the hours of its calendar month. */
export type Period = (typeof PERIODS)[number];

/** ISO 4217. */
export interface Currency {
  code: string;
  /** Digits of its minor unit. */
  digits: number;
}

/** One price, and when and for whom it holds. */
export interface Tariff {
  /** Where it begins in the file. */
  line: number;
  name: string;
  resource: Resource;
  /** A decimal as it is written, not negative. */
  price: string;
  per: Period;
  /** Milliseconds since the epoch, null without a start. */
  startMs: number | null;
  /** Excluded: a second after the last one in which it is in force; null without an end. */
  endMs: number | null;
  /** Label or id of the only domain that it is for. */
  domain: string | null;
  /** Id of the only project that it is for. */
  project: string | null;
  /** Name of the only flavor of servers that it is for. */
  flavor: string | null;
  /** Unit-hours a project and calendar month: a decimal, `0` for none. */
  free: string;
}

/** All that a tariffs file says. */
export interface TariffBook {
  currency: Currency;
  /** IANA name: days and months are this zone's. */
  timezone: string;
  /** In the order of the file. */
  tariffs: readonly Tariff[];
}
