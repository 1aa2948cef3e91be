import { SettingError } from '../errors.js';
import { printable } from '../text.js';
import { isLoopbackUrl } from '../url.js';
import type { FileLog } from '../watch/follow.js';
import { shownProblems } from '../watch/problems.js';
import type { Reading } from '../watch/read.js';
import type { Domain, DomainDefaults, Problem } from './domain.js';
import { type ParsedDomains, parseDomains } from './parse.js';

/** The list that is in force: immutable, a new object for each change. */
export interface DomainList {
  readonly domains: readonly Domain[];
  readonly problems: readonly Problem[];
  /** 1 at the start, one more with each change. */
  readonly revision: number;
}

export interface FileState {
  readonly list: DomainList;
  /** Whether the file as it is now could be taken over. */
  readonly lastReloadSuccessful: boolean;
  /** When it last could, in ms since the epoch. */
  readonly lastSuccessAt: number;
}

export interface ListOptions {
  defaults: DomainDefaults;
  log: FileLog;
  /** The wall clock in ms; real by default. */
  now?: () => number;
}

/** Turns what was read into the list in force; keeps the last good one when there is nothing better. */
export class ListKeeper {
  readonly #path: string;
  readonly #options: ListOptions;
  readonly #warnedUrls = new Set<string>();
  #state: FileState;
  #lostWhy: string | null = null;
  /** The last bytes that were parsed, and whether they could be taken over. */
  #parsed: { bytes: Buffer; successful: boolean };

  /** @throws SettingError where there is nothing to start with */
  constructor(path: string, first: Reading, options: ListOptions) {
    this.#path = printable(path);
    this.#options = options;
    if (first.kind === 'lost') throw new SettingError(`--domains.file: ${this.#path} ${first.why}`);
    const found = parseDomains(first.bytes, options.defaults);
    if (hasNothing(found)) {
      const problems = shownProblems(this.#path, found.problems, 'bad line');
      throw new SettingError(`--domains.file: ${this.#path} holds no good line\n${problems.join('\n')}`);
    }
    this.#parsed = { bytes: first.bytes, successful: true };
    this.#state = { list: { ...lists(found), revision: 1 }, lastReloadSuccessful: true, lastSuccessAt: this.#now() };
    this.#report(`${this.#path} loaded`, found, first.mode);
  }

  get state(): FileState {
    return this.#state;
  }

  /** What of the file, as it was read last, could not be taken over; null: nothing. */
  get failure(): string | null {
    if (this.#lostWhy !== null) return `${this.#lostWhy}; the last good list stays in force`;
    const { problems } = this.#state.list;
    const [first] = problems;
    if (!first) return null;
    const bad = `holds ${problems.length} bad ${problems.length === 1 ? 'line' : 'lines'}`;
    const inForce = this.#state.lastReloadSuccessful
      ? 'its good lines are in force'
      : 'the last good list stays in force';
    return `${bad}, the first is line ${first.line}: ${first.message}; ${inForce}`;
  }

  /** Takes over a file that has changed and settled, or that is to be read again. */
  update(reading: Reading): FileState {
    const wasLost = this.#lostWhy !== null;
    this.#lostWhy = reading.kind === 'lost' ? reading.why : null;
    if (reading.kind === 'lost') this.#lose(reading.why);
    else if (reading.bytes.equals(this.#parsed.bytes)) this.#resume(wasLost);
    else this.#load(reading.bytes, reading.mode);
    return this.#state;
  }

  #lose(why: string): void {
    this.#state = { ...this.#state, lastReloadSuccessful: false };
    this.#options.log.warn(`${this.#path} ${why}; the last good list stays in force`, counts(this.#state.list));
  }

  /** The file was away and is back as it was, or somebody asked to read it again. */
  #resume(wasLost: boolean): void {
    const { log } = this.#options;
    const found = `${this.#path} ${wasLost ? 'is back' : 'was read again'}`;
    if (this.#parsed.successful) {
      this.#succeed(this.#state.list);
      log.info(`${found}, unchanged`, counts(this.#state.list));
    } else {
      log.warn(`${found}, still without a good line`, counts(this.#state.list));
    }
  }

  #load(bytes: Buffer, mode: number): void {
    const found = parseDomains(bytes, this.#options.defaults);
    const successful = !hasNothing(found);
    this.#parsed = { bytes, successful };
    const revision = this.#state.list.revision + 1;
    if (successful) {
      this.#succeed({ ...lists(found), revision });
      this.#report(`${this.#path} reloaded`, found, mode);
    } else {
      // The problems are those of the file as it is now: the snapshot shall say that it is not complete.
      const list = { domains: this.#state.list.domains, problems: found.problems, revision };
      this.#state = { ...this.#state, list, lastReloadSuccessful: false };
      this.#report(`${this.#path} holds no good line; the last good list stays in force`, found, mode);
    }
  }

  #succeed(list: DomainList): void {
    this.#state = { list, lastReloadSuccessful: true, lastSuccessAt: this.#now() };
  }

  #report(message: string, found: ParsedDomains, mode: number): void {
    const { log } = this.#options;
    if (hasNothing(found)) log.warn(message, counts(this.#state.list));
    else log.info(message, counts(found));
    for (const line of shownProblems(this.#path, found.problems, 'bad line')) log.warn(line);
    if (found.usesInlinePassword && (mode & 0o044) !== 0) {
      log.warn(`${this.#path} holds a password and others may read it: chmod 600 it, or use password_file`);
    }
    for (const { cloud } of found.domains) this.#warnOfPlainHttp([cloud.authUrl, cloud.computeUrl]);
  }

  #warnOfPlainHttp(urls: (string | null)[]): void {
    for (const url of urls) {
      if (!url?.startsWith('http:') || isLoopbackUrl(url) || this.#warnedUrls.has(url)) continue;
      this.#warnedUrls.add(url);
      this.#options.log.warn(`passwords and tokens travel unencrypted to ${printable(url)}, use https://`);
    }
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function hasNothing(found: ParsedDomains): boolean {
  return found.domains.length === 0 && found.problems.length > 0;
}

function lists(found: ParsedDomains): { domains: readonly Domain[]; problems: readonly Problem[] } {
  return { domains: found.domains, problems: found.problems };
}

function counts(list: { domains: readonly Domain[]; problems: readonly Problem[] }): Record<string, unknown> {
  return { domains: list.domains.length, problems: list.problems.length };
}
