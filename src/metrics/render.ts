import { setImmediate } from 'node:timers/promises';

import { Gauge, Registry, type RegistryContentType } from 'prom-client';

import { costPerHour } from '../rating/cost.js';
import { FAMILIES } from './families.js';
import type { Family, Page, PricedPage } from './family.js';
import type { SelfMetrics } from './self.js';

/** The formats that a scraper may ask for, the preferred one first. */
export const FORMATS = [Registry.OPENMETRICS_CONTENT_TYPE, Registry.PROMETHEUS_CONTENT_TYPE] as const;

/**
 * A page of metrics in fresh registries, so that no series of an earlier one can linger. Family by family, and whoever
 * waits for the event loop has a turn in between: there may be tens of thousands of series.
 * @returns the text, ending in a line feed
 */
export async function renderMetrics(page: Page, self: SelfMetrics, format: RegistryContentType): Promise<string> {
  self.keepOnly(new Set(page.file.list.domains.map(({ label }) => label)));
  const costs = page.tariffs && costPerHour(page.snapshot, page.tariffs.book);
  const texts: string[] = [];
  for (const family of FAMILIES) {
    const text = await renderFamily(family, { ...page, costs });
    if (text !== null) texts.push(text);
    await setImmediate();
  }
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(format);
  // A stand-in for each: in OpenMetrics the registry takes `_total` off a counter's name for good.
  for (const metric of self.all()) registry.registerMetric(Object.create(metric) as typeof metric);
  // As the registry itself parts families.
  const gap = format === Registry.OPENMETRICS_CONTENT_TYPE ? '\n' : '\n\n';
  return [...texts, await registry.metrics()].join(gap);
}

/** null where there are no series: a gauge that is never set would show as 0 where it has no labels. */
async function renderFamily({ name, help, labels, series }: Family, page: PricedPage): Promise<string | null> {
  const all = [...series(page)];
  if (all.length === 0) return null;
  const registry = new Registry();
  const gauge = new Gauge({ name, help: help(page), labelNames: [...labels], registers: [registry] });
  for (const { labels: values, value } of all) gauge.set(values, value);
  await setImmediate();
  return registry.getSingleMetricAsString(name);
}
