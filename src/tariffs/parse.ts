import type { z } from 'zod';

import { readMoment } from '../dates/moment.js';
import { DateProblem } from '../dates/problem.js';
import { readZone } from '../dates/zone.js';
import { FileProblem, readYaml, unknownKey, type Path, type YamlText } from '../yaml.js';
import { CurrencyProblem, readCurrency } from './currency.js';
import { overlaps } from './overlaps.js';
import { fileSchema, tariffSchema, type TariffText } from './schema.js';
import type { Currency, Tariff, TariffBook } from './tariff.js';

/** What is wrong on a line of the tariffs file, and what to do about it. */
export interface Problem {
  line: number;
  message: string;
}

/** All or nothing: there are tariffs, or problems. */
export type ParsedTariffs = { book: TariffBook; problems: readonly [] } | { book: null; problems: readonly Problem[] };

type Lines = YamlText['lineOf'];

/**
 * Reads the text of a tariffs file; dates of it are its zone's. Pure. Problems are told all, but for those of YAML's own
 * grammar, of which the first may be the cause of the others.
 * @param zone of a file that names none
 */
export function parseTariffs(text: string, zone: string): ParsedTariffs {
  try {
    const { value, lineOf } = readYaml(text, 'text');
    return judge(value ?? {}, lineOf, zone);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    return { book: null, problems: [{ line: error.line, message: error.message }] };
  }
}

function judge(value: unknown, lineOf: Lines, zone: string): ParsedTariffs {
  const problems: Problem[] = [];
  const file = fileSchema.safeParse(value);
  for (const issue of file.error?.issues ?? []) problems.push(...problemsOf(issue, [], lineOf));
  // What is good is judged all the same, so that all problems are told at once.
  const { currency: code, timezone, tariffs: list } = value as Record<string, unknown>;
  const attempt = <T>(path: Path, read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CurrencyProblem || error instanceof DateProblem)) throw error;
      problems.push({ line: lineOf(path), message: `${String(path.at(-1))}: ${error.message}` });
      return null;
    }
  };
  const currency: Currency | null = isText(code) ? attempt(['currency'], () => readCurrency(code)) : null;
  const ownZone = isText(timezone) ? attempt(['timezone'], () => readZone(timezone)) : zone;
  const tariffs = (Array.isArray(list) ? list : []).map((entry, index) =>
    readTariff(entry, { index, zone: ownZone ?? zone, lineOf, problems }),
  );
  const good = tariffs.filter((tariff) => tariff !== null);
  problems.push(...overlaps(good, ownZone ?? zone));
  if (problems.length === 0 && currency && ownZone !== null) {
    return { book: { currency, timezone: ownZone, tariffs: good }, problems: [] };
  }
  return { book: null, problems: problems.sort((a, b) => a.line - b.line) };
}

interface Place {
  index: number;
  zone: string;
  lineOf: Lines;
  problems: Problem[];
}

function readTariff(entry: unknown, { index, zone, lineOf, problems }: Place): Tariff | null {
  const base = ['tariffs', index];
  const result = tariffSchema.safeParse(entry);
  if (!result.success) {
    for (const issue of result.error.issues) problems.push(...problemsOf(issue, base, lineOf));
    return null;
  }
  const text = result.data;
  const found = problems.length;
  const fail = (key: string, message: string): void => {
    problems.push({ line: lineOf([...base, key]), message: `${key}: ${message}` });
  };
  const startMs = instantOf(text, 'start', zone, fail);
  const endMs = instantOf(text, 'end', zone, fail);
  if (startMs !== null && endMs !== null && startMs >= endMs) {
    fail('end', `is before the start on line ${lineOf([...base, 'start'])}: give a later end, or an earlier start`);
  }
  if (text.flavor !== undefined && text.resource !== 'server') {
    fail('flavor', `goes with resource: server only, and this is ${text.resource}: take it out`);
  }
  if (problems.length > found) return null;
  return {
    line: lineOf(base),
    name: text.name,
    resource: text.resource,
    price: text.price,
    per: text.per,
    startMs,
    endMs,
    domain: text.domain ?? null,
    project: text.project ?? null,
    flavor: text.flavor ?? null,
    free: text.free ?? '0',
  };
}

/** The first instant in force, or the first one no longer in force. */
function instantOf(
  text: TariffText,
  key: 'start' | 'end',
  zone: string,
  fail: (key: string, message: string) => void,
): number | null {
  const date = text[key];
  if (date === undefined) return null;
  try {
    const moment = readMoment(date, zone);
    if (moment.kind === 'day') return key === 'start' ? moment.startMs : moment.endMs;
    // To the second, which is still in force.
    return key === 'start' ? moment.ms : moment.ms + 1000;
  } catch (error) {
    if (!(error instanceof DateProblem)) throw error;
    fail(key, error.message);
    return null;
  }
}

function problemsOf(issue: z.core.$ZodIssue, base: Path, lineOf: Lines): Problem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys((base.length === 0 ? fileSchema : tariffSchema).shape);
    return issue.keys.map((key) => ({ line: lineOf([...path, key]), message: unknownKey(key, known) }));
  }
  const key = issue.path.at(-1);
  return [{ line: lineOf(path), message: key === undefined ? issue.message : `${String(key)}: ${issue.message}` }];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
