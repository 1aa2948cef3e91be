import { createHash } from 'node:crypto';

import type { FileState } from '../../domains/list.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { html, Html } from '../html.js';
import { attentionHtml, domainsHtml } from './domains.js';
import { fileAttention, fileHtml } from './file.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import { ageHtml, totalsHtml } from './totals.js';
import { verdictOf } from './verdict.js';

export interface StatusInput {
  /** The last one; null before the first. */
  snapshot: Snapshot | null;
  file: FileState;
  /** Milliseconds since the epoch. */
  now: number;
  version: string;
  metricsPath: string;
}

export interface StatusPage {
  text: string;
  /** Equal for pages that differ by their ages at most. */
  tag: string;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64');

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E' +
  '%3Crect width=%2216%22 height=%2216%22 rx=%223%22 fill=%22%230b57d0%22/%3E' +
  '%3Cpath d=%22M4 12V8M8 12V4M12 12V6%22 stroke=%22%23fff%22 stroke-width=%222%22/%3E%3C/svg%3E';

/** Nothing of the page comes from elsewhere, and no foreign text in it could run. */
export const STATUS_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${hash(STYLE)}'`,
    `script-src 'sha256-${hash(SCRIPT)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** A page for people: the last snapshot that anybody asked for. Pure. */
export function statusPage(input: StatusInput): StatusPage {
  const { snapshot, file, now, version, metricsPath } = input;
  const verdict = verdictOf(snapshot);
  const body = html`${totalsHtml(snapshot, verdict)} ${attentionHtml(snapshot, fileAttention(file))}
  ${snapshot ? domainsHtml(snapshot) : ''} ${fileHtml(file, snapshot)}`;
  const tag = hash(body.text);
  // A page that an older exporter gave can't show a newer one's figures, but for loading itself anew.
  const build = hash(`${version} ${metricsPath} ${STYLE} ${SCRIPT}`);
  const page = html`<!doctype html>
    <html lang="en" data-build="${build}" data-now="${now}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${verdict.word} – vhi-exporter</title>
        <link rel="icon" href="${ICON}" />
        ${new Html(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the figures</a>
        <header>
          <h1>vhi-exporter</h1>
          <nav aria-label="Data">
            <ul>
              <li><a href=".${metricsPath}">Metrics</a></li>
              <li><a href="./api/v1/snapshot">JSON</a></li>
              <li><a href="./-/healthy">Health</a></li>
            </ul>
          </nav>
          <p class="refresh" id="refresh" hidden>
            <span id="pace">Refreshes every 5 s</span> <button type="button" id="pause">Pause</button>
          </p>
          <noscript><p class="refresh">Reload the page to see what is new.</p></noscript>
        </header>
        <p id="gone" role="alert" hidden></p>
        <p id="news" role="status" class="spoken"></p>
        <main id="main" tabindex="-1" data-tag="${tag}" data-verdict="${verdict.word}: ${verdict.sentence}">
          ${snapshot ? ageHtml(snapshot, now) : ''} ${body}
        </main>
        <footer>
          <p>
            This page shows the last snapshot, and asks the cloud for nothing. Metrics and JSON collect anew when they
            are opened, unless the last one is younger than --collect.min-interval.
          </p>
          <p>vhi-exporter ${version}</p>
        </footer>
        ${new Html(`<script>${SCRIPT}</script>`)}
      </body>
    </html>`;
  return { text: page.text, tag };
}
