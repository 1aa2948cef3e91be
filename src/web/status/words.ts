import { grouped } from '../../text.js';
import { html, type Html } from '../html.js';

const UNITS = ['MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A snapshot older than this makes one ask who still scrapes. */
export const STALE_SECONDS = 600;

/** 3649536 → 3.48 TiB. Cut, not rounded: what it says is in use. */
export function ramText(mib: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, mib)) / 10));
  const value = Math.floor((mib / 1024 ** power) * 100) / 100;
  return `${grouped(value)} ${UNITS[power] ?? 'MiB'}`;
}

/** 90 s, 5 min, 3 h, 4 days. The page's script goes on in the same words. */
export function ageText(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** 2026-11-22 04:30:00 UTC */
export function timeHtml(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** Foreign text, kept from turning round what stands beside it where it is written from right to left. */
export function foreign(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** For screen readers alone. */
export function spoken(text: string): Html {
  return html`<span class="spoken">${text}</span>`;
}
