import { dirname, resolve } from 'node:path';

import { SettingError } from '../../errors.js';
import { Secret } from '../../secret.js';
import { excerpt, printable } from '../../text.js';
import { fingerprint } from '../../watch/poll.js';
import { takeReading, textOf } from '../../watch/read.js';
import { FileProblem } from '../../yaml.js';
import type { TlsConfig, WebConfig } from './config.js';
import { parseFile, type ParsedFile } from './parse.js';
import type { TlsContent } from './schema.js';
import { buildTls, findContradiction, PEM_KEYS, type PemKey, type TlsProblem } from './tls-config.js';

/** What is wrong, in one line. */
export interface WebProblem {
  /** For the log and the terminal. */
  problem: string;
  /** For whoever may ask for a reload: without any path. */
  brief: string;
}

/** One look at the web configuration: what is in it, or what is wrong. */
export type WebReading = { config: WebConfig; problem: null } | ({ config: null } & WebProblem);

/** The fingerprint of each file that was looked at, taken before it was read. */
export type Seen = Map<string, string>;

/** Reads the file and all that it names. Never rejects: what can't be read is an answer too. */
export async function readWebConfig(path: string): Promise<{ reading: WebReading; seen: Seen }> {
  const seen: Seen = new Map();
  try {
    const parsed = parseFile(await readText(path, seen));
    const config = await configOf(parsed, { folder: dirname(resolve(path)), seen });
    return { reading: { config, problem: null }, seen };
  } catch (error) {
    // Anything else is a defect of this program.
    if (!(error instanceof FileProblem)) throw error;
    const { line, message, brief } = error;
    const [where, place] = line > 0 ? [`${printable(path)}:${line}:`, `: line ${line}:`] : [printable(path), ''];
    return {
      reading: {
        config: null,
        problem: excerpt(`${where} ${message}`, 600),
        brief: excerpt(`the web configuration${place} ${brief}`, 600),
      },
      seen,
    };
  }
}

/**
 * Reads the file once, for commands that do not stay.
 * @throws SettingError naming file, line, and what to do
 */
export async function openWebConfig(path: string): Promise<WebConfig> {
  const { reading } = await readWebConfig(path);
  return required(reading);
}

/** @throws SettingError */
export function required(reading: WebReading): WebConfig {
  if (reading.problem !== null) throw new SettingError(`--web.config.file: ${reading.problem}`);
  return reading.config;
}

async function configOf({ content, lineOf }: ParsedFile, from: { folder: string; seen: Seen }): Promise<WebConfig> {
  const { tls_server_config, http_server_config, basic_auth_users, rate_limit } = content;
  let tls: TlsConfig | null = null;
  if (tls_server_config) {
    const result = await tlsOf(tls_server_config, { lineOf, ...from });
    if ('message' in result) {
      const { key, message } = result;
      const path = ['tls_server_config', ...(key === null ? [] : [key])];
      throw new FileProblem(lineOf(path), `${path.join('.')} ${message}`);
    }
    tls = result;
  }
  const headers = Object.entries(http_server_config?.headers ?? {}).filter(([, value]) => value !== '');
  return {
    tls,
    http2: http_server_config?.http2 ?? false,
    headers: Object.fromEntries(headers),
    users: basic_auth_users ? secretsOf(basic_auth_users) : null,
    rateLimit:
      rate_limit && rate_limit.interval > 0 ? { intervalMs: rate_limit.interval, burst: rate_limit.burst } : null,
  };
}

const secretsOf = (users: Record<string, string>): ReadonlyMap<string, Secret> =>
  new Map(Object.entries(users).map(([name, hash]) => [name, new Secret(hash)]));

async function tlsOf(
  tls: TlsContent,
  { lineOf, folder, seen }: { lineOf: ParsedFile['lineOf']; folder: string; seen: Seen },
): Promise<TlsConfig | TlsProblem> {
  const contradiction = findContradiction(tls);
  if (contradiction) return contradiction;
  const pem: Partial<Record<PemKey, string>> = {};
  for (const key of PEM_KEYS) {
    const file = tls[`${key}_file`];
    const inline = tls[key];
    if (inline !== undefined) pem[key] = inline;
    if (file === undefined) continue;
    const path = resolve(folder, file);
    pem[key] = await readText(path, seen).catch((error: unknown) => {
      if (!(error instanceof FileProblem)) throw error;
      const name = ['tls_server_config', `${key}_file`];
      const what = name.join('.');
      const full = `${what}: ${printable(path)} ${error.message}`;
      throw new FileProblem(lineOf(name), full, `${what} ${error.message}`);
    });
  }
  return buildTls(tls, pem);
}

/** @throws FileProblem of line 0 */
async function readText(path: string, seen: Seen): Promise<string> {
  seen.set(path, await fingerprint(path));
  const { text, why } = textOf(await takeReading(path));
  if (why !== null) throw new FileProblem(0, why);
  return text;
}
