/**
 * The times that Nova takes for usage: Python's strptime with `%Y-%m-%dT%H:%M:%S`, the same with `.%f`, and with a blank
 * and `.%f`. Leading zeros may be left out, the case of the T is no matter, and there is no zone at all: it is UTC.
 */
const DAY = String.raw`(\d{4})-(1[0-2]|0[1-9]|[1-9])-(3[01]|[12]\d|0[1-9]|[1-9]| [1-9])`;
const CLOCK = String.raw`(2[0-3]|[01]\d|\d):([0-5]\d|\d):([0-5]\d|\d)`;
const FRACTION = String.raw`\.(\d{1,6})`;
const TIME = new RegExp(`^${DAY}(?:T${CLOCK}(?:${FRACTION})?|\\s+${CLOCK}${FRACTION})$`, 'i');

/** Milliseconds since the epoch, with the microseconds as a fraction; null: not a time. */
export function parseUsageTime(text: string): number | null {
  const match = TIME.exec(text);
  if (!match) return null;
  const [, year, month, day, ...clocks] = match;
  const [hour, minute, second, fraction = ''] = clocks[0] === undefined ? clocks.slice(4) : clocks;
  const [y = 0, mo = 0, d = 0] = [year, month, day].map(Number);
  // Not Date.UTC: it takes the years up to 99 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  if (y === 0 || date.getUTCMonth() !== mo - 1) return null;
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  return date.getTime() + Number(fraction.padEnd(6, '0')) / 1000;
}
