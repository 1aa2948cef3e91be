import { SettingError } from '../errors.js';
import { counted, printable } from '../text.js';
import { firstLook, followFile, type FileLog, type Followed } from '../watch/follow.js';
import { shownProblems } from '../watch/problems.js';
import { takeReading, textOf, type Reading } from '../watch/read.js';
import { parseTariffs, type ParsedTariffs } from './parse.js';
import type { TariffsState } from './state.js';
import type { TariffBook } from './tariff.js';

export interface TariffsOptions {
  /** Of a file that names none. */
  zone: string;
  log: FileLog;
}

export interface OpenOptions extends TariffsOptions {
  /** Called after each reading, when what is good of it is in force. */
  onReload?: () => void;
}

/** The tariffs file, watched: the tariffs in force follow its edits. */
export interface TariffsFile extends Followed {
  current(): TariffsState;
}

/**
 * Reads the tariffs file once, for commands that do not stay.
 * @throws SettingError if it can't be read, or holds a problem
 */
export async function readTariffsFile(path: string, options: TariffsOptions): Promise<TariffsState> {
  return new TariffsKeeper(path, await takeReading(path), options).state;
}

/**
 * Reads the tariffs file and follows its edits until closed.
 * @throws SettingError as {@link readTariffsFile}
 */
export async function openTariffsFile(path: string, options: OpenOptions): Promise<TariffsFile> {
  const first = await firstLook(path);
  const keeper = new TariffsKeeper(path, first.reading, options);
  const followed = followFile(path, {
    first,
    name: 'tariffs file',
    log: options.log,
    believe: (reading) => {
      keeper.update(reading);
      options.onReload?.();
    },
    failure: () => keeper.failure,
  });
  return { current: () => keeper.state, ...followed };
}

/** Turns what was read into the tariffs in force: all of a file without a problem, else the last good ones. */
export class TariffsKeeper {
  readonly #path: string;
  readonly #options: TariffsOptions;
  #state: TariffsState;
  #failure: string | null = null;

  /** @throws SettingError where there is nothing to start with */
  constructor(path: string, first: Reading, options: TariffsOptions) {
    this.#path = printable(path);
    this.#options = options;
    const { book, why, problems } = judge(first, options.zone);
    if (!book) throw new SettingError([`--tariffs.file: ${this.#path} ${why}`, ...this.#shown(problems)].join('\n'));
    this.#state = { book, lastReloadSuccessful: true };
    options.log.info(`${this.#path} loaded`, contentOf(book));
  }

  get state(): TariffsState {
    return this.#state;
  }

  /** Why the file, as it was read last, could not be taken over; null: it could. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Takes over a file that has changed and settled, or that is to be read again. */
  update(reading: Reading): void {
    const { log, zone } = this.#options;
    const { book, why, problems } = judge(reading, zone);
    this.#state = { book: book ?? this.#state.book, lastReloadSuccessful: book !== null };
    const content = contentOf(this.#state.book);
    if (book) {
      this.#failure = null;
      log.info(`${this.#path} reloaded`, content);
      return;
    }
    const kept = 'the last good tariffs stay in force';
    const [first] = problems;
    this.#failure = `${why}${first ? `, the first is line ${first.line}: ${first.message}` : ''}; ${kept}`;
    log.warn(`${this.#path} ${why}; ${kept}`, content);
    for (const line of this.#shown(problems)) log.warn(line);
  }

  #shown(problems: ParsedTariffs['problems']): string[] {
    return shownProblems(this.#path, problems, 'problem');
  }
}

/** What a reading comes to: tariffs, or why not, with the problems of its lines. */
function judge(reading: Reading, zone: string): ParsedTariffs & { why: string } {
  const { text, why } = textOf(reading);
  if (why !== null) return { book: null, why, problems: [] };
  const parsed = parseTariffs(text, zone);
  return { ...parsed, why: `holds ${counted(parsed.problems.length, 'problem')}` };
}

const contentOf = ({ tariffs, currency }: TariffBook): Record<string, unknown> => ({
  tariffs: tariffs.length,
  currency: currency.code,
});
