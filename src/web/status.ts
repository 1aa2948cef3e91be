import { snapshotErrors, type DomainSnapshot, type Snapshot } from '../snapshot/snapshot.js';
import type { AppOptions } from './app.js';
import { html, type Html } from './html.js';

type StatusOptions = Pick<AppOptions, 'collector' | 'file' | 'clock' | 'version' | 'settings'>;

/** A page for people: the last snapshot that anybody asked for. Opening it asks no cloud for anything. */
export function statusPage({ collector, file, clock, version, settings }: StatusOptions): string {
  const { last } = collector;
  const { list, lastReloadSuccessful, lastSuccessAt } = file();
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>vhi-exporter</title>
        <style>
          :root {
            color-scheme: light dark;
            font-family: system-ui, sans-serif;
          }
          body {
            max-width: 70rem;
            margin: 1rem auto;
            padding: 0 1rem;
          }
          .wide {
            overflow-x: auto;
          }
          table {
            border-collapse: collapse;
          }
          th,
          td {
            text-align: left;
            padding: 0.2rem 0.8rem 0.2rem 0;
          }
          td.number {
            text-align: right;
            font-variant-numeric: tabular-nums;
          }
        </style>
      </head>
      <body>
        <h1>vhi-exporter</h1>
        <p>
          Version ${version}. <a href="${settings.web.telemetryPath}">Metrics</a>,
          <a href="/api/v1/snapshot">snapshot as JSON</a>.
        </p>
        <h2>In use</h2>
        ${last ? snapshotHtml(last, clock.wall()) : html`<p>Nothing was collected yet: the first scrape will.</p>`}
        <h2>Domains file</h2>
        <p>
          ${list.domains.length} domains, ${list.problems.length} problems; last taken over
          ${new Date(lastSuccessAt).toISOString()}${lastReloadSuccessful ? '' : ', and the file as it is now could not be'}.
        </p>
        <ul>
          ${list.problems.map(({ line, message }) => html`<li>Line ${line}: ${message}</li>`)}
        </ul>
      </body>
    </html>`;
  return page.text;
}

function snapshotHtml(snapshot: Snapshot, now: number): Html {
  const { totals, complete, collectedAt, durationSeconds, counting, domains } = snapshot;
  const age = Math.max(0, Math.round((now - collectedAt) / 1000));
  const sum = totals ? html`${totals.vcpus} vCPUs, ${totals.ramMb} MiB of RAM` : 'No domain could be collected';
  return html`<p>
      <strong>${sum}</strong> (${complete ? 'complete' : 'not complete'}; counting ${counting}), collected ${age} s ago
      in ${durationSeconds.toFixed(2)} s.
    </p>
    <div class="wide" role="region" aria-label="Domains" tabindex="0">
      <table>
        <tr>
          <th scope="col">Domain</th>
          <th scope="col">Result</th>
          <th scope="col">Strategy</th>
          <th scope="col">vCPUs</th>
          <th scope="col">RAM MiB</th>
          <th scope="col">Servers</th>
          <th scope="col">Projects</th>
          <th scope="col">Seconds</th>
        </tr>
        ${domains.map(domainRow)}
      </table>
    </div>
    <ul>
      ${snapshotErrors(snapshot).map(
        ({ domain, line, stage, reason, message }) =>
          html`<li>${domain ?? `line ${line}`}: ${stage}, ${reason}: ${message}</li>`,
      )}
    </ul>`;
}

function domainRow({ domain, result, strategy, usage, servers, projects, durationSeconds }: DomainSnapshot): Html {
  const number = (value: number | string | null | undefined): Html => html`<td class="number">${value ?? '–'}</td>`;
  return html`<tr>
    <th scope="row">${domain.label}</th>
    <td>${result}</td>
    <td>${strategy ?? '–'}</td>
    ${number(usage?.vcpus)}${number(usage?.ramMb)}${number(servers)}${number(projects)}${number(durationSeconds.toFixed(2))}
  </tr>`;
}
