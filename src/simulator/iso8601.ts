/** What Python's iso8601 package, and Nova with it, takes for a time: most parts may be left out, and it is UTC unless told. */
const TIME =
  /^(\d{4})(?:(?:-(\d{1,2})|(\d{2})(?!$))(?:(?:-(\d{1,2})|(\d{2}))(?:[ T](\d{2})(?::?(\d{2}))?(?::?(\d{1,2})(?:[.,](\d+))?)?(Z|[-+]\d{2}:?(?:\d{2})?)?)?)?)?$/;

const DAY_MINUTES = 24 * 60;

function minutesOff(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const digits = zone.replace(/\D/g, '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith('-') ? -minutes : minutes;
}

/** Milliseconds since the epoch, with the microseconds as a fraction; null: not a time, as the 30th of February. */
export function parseIsoTime(text: string): number | null {
  const match = TIME.exec(text);
  if (!match) return null;
  const [, year, dashedMonth, month, dashedDay, day, hour, minute, second, fraction = '', zone] = match;
  const parts = [year, dashedMonth ?? month ?? 1, dashedDay ?? day ?? 1, hour ?? 0, minute ?? 0, second ?? 0].map(
    Number,
  );
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = parts;
  const offset = minutesOff(zone);
  if (y === 0 || h > 23 || mi > 59 || s > 59 || Math.abs(offset) >= DAY_MINUTES) return null;
  // Not Date.UTC: it takes the years up to 99 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  if (date.getUTCMonth() !== mo - 1 || date.getUTCDate() !== d) return null;
  date.setUTCHours(h, mi - offset, s);
  return date.getTime() + Number(fraction.slice(0, 6).padEnd(6, '0')) / 1000;
}
