import type { TariffBook } from './tariff.js';

/** What of the tariffs file is in force: immutable, a new object for each change. */
export interface TariffsState {
  /** Of the last reading without a problem. */
  readonly book: TariffBook;
  /** Whether the file as it is now could be taken over. */
  readonly lastReloadSuccessful: boolean;
}
