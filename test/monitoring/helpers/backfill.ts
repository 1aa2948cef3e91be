import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';

import { PROMTOOL, run } from './processes.js';

/* Samples of the days before, so that what looks back a day or a week finds something. */

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Shorter than the five minutes for which Prometheus takes a sample as present. */
const STEP = 4 * 60;
export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** A page of the real program for each day, the oldest first. */
export interface History {
  /** Whole minutes, in seconds since 1970. */
  start: number;
  end: number;
  pages: readonly string[];
}

/** Ends before what Prometheus still holds in memory, and begins so early that a week ago is within. */
export function historyOf(pages: readonly string[], now = Date.now() / 1000): History {
  const end = Math.floor((now - 2.5 * HOUR) / 60) * 60;
  return { start: end - 8 * DAY, end, pages };
}

/** Which page is that of a time. */
export function dayAt({ start, end, pages }: History, time: number): number {
  const day = Math.floor(((time - start) / (end - start)) * pages.length);
  return Math.min(Math.max(day, 0), pages.length - 1);
}

/** The lines of a page as they are stored, with the target's labels, and what Prometheus adds of its own. */
function stored(page: string, target: string): string[] {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const samples = lines.map((line) => {
    const space = line.lastIndexOf(' ');
    const series = line.slice(0, space);
    const labelled = series.endsWith('}') ? `${series.slice(0, -1)},${target}}` : `${series}{${target}}`;
    return `${labelled} ${line.slice(space + 1)}`;
  });
  const added = [`up{${target}} 1`, `scrape_duration_seconds{${target}} 0.5`];
  return [...samples, ...added, `scrape_samples_scraped{${target}} ${samples.length}`];
}

/** Has promtool make blocks of the history in the data folder of a Prometheus that does not run yet. */
export async function backfill(history: History, data: string, target: string): Promise<number> {
  const path = join(data, '..', 'history.om');
  const file = createWriteStream(path);
  const lines = new Map(history.pages.map((page) => [page, stored(page, target)]));
  let samples = 0;
  for (let time = history.start; time <= history.end; time += STEP) {
    const page = lines.get(history.pages[dayAt(history, time)]!)!;
    samples += page.length;
    if (!file.write(page.map((line) => `${line} ${time}\n`).join(''))) await once(file, 'drain');
  }
  file.end('# EOF\n');
  await once(file, 'close');
  // In blocks of two hours promtool would read the file a hundred times over.
  const args = ['tsdb', 'create-blocks-from', '--max-block-duration=240h', '--quiet', 'openmetrics', path, data];
  const { code, said } = await run(PROMTOOL, args);
  if (code !== 0) throw new Error(`promtool made no blocks of the history:\n${said}`);
  return samples;
}

/** Of the history, in days: enough for a day with failures and one without. */
export const RULES_DAYS = 3;

/** Has promtool evaluate the recording rules over the end of the history, as the README tells users to do. */
export async function backfillRules(
  history: History,
  parts: { url: string; data: string; rules: readonly string[] },
): Promise<void> {
  const { url, data, rules } = parts;
  const span = [`--start=${history.end - RULES_DAYS * DAY}`, `--end=${history.end}`];
  const args = [
    'tsdb',
    'create-blocks-from',
    '--quiet',
    'rules',
    ...span,
    `--url=${url}`,
    `--output-dir=${data}`,
    ...rules,
  ];
  const { code, said } = await run(PROMTOOL, args);
  if (code !== 0) throw new Error(`promtool made no blocks of the recording rules:\n${said}`);
}
