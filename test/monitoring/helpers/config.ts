import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BUDGETS } from './tariffs.js';

/* The files that the project ships, with other addresses and another clock of months in them, and nothing else. */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const README = join(ROOT, 'README.md');
export const SHIPPED_CONFIG = join(ROOT, 'prometheus.yml.example');
export const SHIPPED_ALERTMANAGER = join(ROOT, 'prometheus', 'alertmanager.yml.example');

const SHIPPED_RULES = join(ROOT, 'prometheus', 'recording.rules.yml');
const COST_RULES = 'cost.rules.yml';

/** As in the shipped prometheus.yml.example. */
const INTERVAL_S = 60;
const TIMEOUT_S = 50;

/**
 * `MONITORING_INTERVAL=5s npm run test:monitoring` shortens the scrape interval, the timeout with it, and how often rules
 * are evaluated, while one works on this suite. What is told of the window is only proven without it.
 */
const SHORT = process.env['MONITORING_INTERVAL'];
if (SHORT !== undefined && !/^[1-9]\d*s$/.test(SHORT)) throw new Error('MONITORING_INTERVAL must be like 5s');

export const interval = SHORT === undefined ? INTERVAL_S : parseInt(SHORT);
export const timeout = SHORT === undefined ? TIMEOUT_S : interval * 0.8;
export const isShortened = SHORT !== undefined;

export interface Ports {
  exporter: number;
  alertmanager: number;
  webhook: number;
}

const SHIPPED_PORTS: Record<keyof Ports, number> = { exporter: 10180, alertmanager: 9093, webhook: 9095 };

export interface Changed {
  shipped: string;
  changed: string;
}

/** The text with the ports of these parts replaced. @throws Error if one of them is not in it, or is in it twice */
function readdress(shipped: string, ports: Ports, ...parts: (keyof Ports)[]): Changed {
  let changed = shipped;
  for (const part of parts) {
    const [address, ...more] = changed.match(new RegExp(`127\\.0\\.0\\.1:${SHIPPED_PORTS[part]}\\b`, 'g')) ?? [];
    if (address === undefined || more.length > 0) throw new Error(`no, or several, 127.0.0.1:${SHIPPED_PORTS[part]}`);
    changed = changed.replace(address, `127.0.0.1:${ports[part]}`);
  }
  return { shipped, changed };
}

export async function prometheusConfig(ports: Ports): Promise<Changed> {
  return readdress(await readFile(SHIPPED_CONFIG, 'utf8'), ports, 'exporter', 'alertmanager');
}

export async function alertmanagerConfig(ports: Ports): Promise<Changed> {
  return readdress(await readFile(SHIPPED_ALERTMANAGER, 'utf8'), ports, 'webhook');
}

function shorten(text: string): string {
  const scrape = text
    .replace(/scrape_interval: \w+/, `scrape_interval: ${interval}s`)
    .replace(/scrape_timeout: \w+/, `scrape_timeout: ${timeout * 1000}ms`);
  return scrape.includes('global:') ? scrape : `global:\n  evaluation_interval: ${interval}s\n${scrape}`;
}

/** Evaluated so often, and with subqueries so fine, that none of the short states goes unseen. */
async function shortenRules(folder: string): Promise<void> {
  for (const name of ['recording.rules.yml', 'alerts.rules.yml']) {
    const path = join(folder, name);
    const text = await readFile(path, 'utf8');
    const short = text
      .replace('interval: 60s', `interval: ${interval}s`)
      .replaceAll('for: 5m', `for: ${5 * interval}s`)
      .replace('_duration_seconds > 40', `_duration_seconds > ${timeout * 0.8}`)
      .replaceAll(':1m]', `:${interval}s]`);
    await writeFile(path, short);
  }
}

/**
 * The clock that the rules go by, set to the 15th as README says for a zone: around the first of a month the days that were
 * backfilled would be of the month before.
 */
const CLOCK = 'time() + 3600 * 0';
const DAYS_AHEAD = 15 - new Date().getUTCDate();
const onClock = (at: number): Date => new Date((at + DAYS_AHEAD * 86_400) * 1000);

/** As 202611, of the rules' clock. */
export const month = onClock(Date.now() / 1000)
  .toISOString()
  .slice(0, 7)
  .replace('-', '');

/** From the last full hour to the end of the month, on the rules' clock. */
export function hoursLeft(at: number): number {
  const clock = onClock(at);
  const end = Date.UTC(clock.getUTCFullYear(), clock.getUTCMonth() + 1);
  return Math.ceil((end - clock.getTime()) / 3_600_000);
}

export async function costRules(): Promise<Changed> {
  const shipped = await readFile(join(ROOT, 'prometheus', COST_RULES), 'utf8');
  if (!shipped.includes(CLOCK)) throw new Error(`no ${CLOCK} in ${COST_RULES}`);
  return { shipped, changed: shipped.replace(CLOCK, `time() + 3600 * ${24 * DAYS_AHEAD}`) };
}

/** All recording rules, those of cost as they are installed in the folder. */
export const recordingRules = (folder: string): string[] => [SHIPPED_RULES, join(folder, 'prometheus', COST_RULES)];

/** Puts both files, and the rules and budgets beside them, into a folder as a user would. */
export async function install(folder: string, ports: Ports): Promise<{ prometheus: string; alertmanager: string }> {
  await mkdir(join(folder, 'prometheus'), { recursive: true });
  await cp(join(ROOT, 'prometheus'), join(folder, 'prometheus'), { recursive: true });
  await writeFile(join(folder, 'prometheus', COST_RULES), (await costRules()).changed);
  await writeFile(join(folder, 'prometheus', 'budgets.rules.yml'), BUDGETS);
  if (isShortened) await shortenRules(join(folder, 'prometheus'));
  const { changed } = await prometheusConfig(ports);
  const paths = { prometheus: join(folder, 'prometheus.yml'), alertmanager: join(folder, 'alertmanager.yml') };
  await writeFile(paths.prometheus, isShortened ? shorten(changed) : changed);
  await writeFile(paths.alertmanager, (await alertmanagerConfig(ports)).changed);
  return paths;
}
