/**
 * How long a scrape may take, in milliseconds: the collect timeout, or what the scraper announced less the offset, whichever
 * is shorter. Pure.
 * @param header the scraper's `X-Prometheus-Scrape-Timeout-Seconds`; what is not a finite number above 0 counts as absent
 */
export function scrapeTimeLeft(
  header: string | undefined,
  { timeoutMs, timeoutOffsetMs }: { timeoutMs: number; timeoutOffsetMs: number },
): number {
  const announced = Number(header?.trim() === '' ? NaN : header) * 1000;
  if (!Number.isFinite(announced) || announced <= 0) return timeoutMs;
  return Math.min(timeoutMs, announced - Math.min(timeoutOffsetMs, announced / 2));
}
