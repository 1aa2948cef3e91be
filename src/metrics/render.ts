import { Gauge, Registry, type RegistryContentType } from 'prom-client';

import { FAMILIES, type Page } from './families.js';
import type { SelfMetrics } from './self.js';

/** The formats that a scraper may ask for, the preferred one first. */
export const FORMATS = [Registry.OPENMETRICS_CONTENT_TYPE, Registry.PROMETHEUS_CONTENT_TYPE] as const;

/**
 * A page of metrics in a fresh registry, so that no series of an earlier one can linger.
 * @returns the text, ending in a line feed
 */
export async function renderMetrics(page: Page, self: SelfMetrics, format: RegistryContentType): Promise<string> {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(format);
  self.keepOnly(new Set(page.file.list.domains.map(({ label }) => label)));
  for (const { name, help, labels, series } of FAMILIES) {
    const all = [...series(page)];
    // A gauge that is never set shows as 0 where it has no labels.
    if (all.length === 0) continue;
    const gauge = new Gauge({ name, help: help(page), labelNames: [...labels], registers: [] });
    for (const { labels: values, value } of all) gauge.set(values, value);
    registry.registerMetric(gauge);
  }
  // A stand-in for each: in OpenMetrics the registry takes `_total` off a counter's name for good.
  for (const metric of self.all()) registry.registerMetric(Object.create(metric) as typeof metric);
  return registry.metrics();
}
