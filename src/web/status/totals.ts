import type { Snapshot } from '../../snapshot/snapshot.js';
import { grouped } from '../../text.js';
import { html, type Html } from '../html.js';
import type { Verdict } from './verdict.js';
import { ageText, ramText, STALE_SECONDS, timeHtml } from './words.js';

/** All that changes by itself, apart from the rest: else no page would be as the one before. */
export function ageHtml(snapshot: Snapshot, now: number): Html {
  const seconds = Math.max(0, now - snapshot.collectedAt) / 1000;
  return html`<p class="age">
    Collected <span id="age" data-at="${snapshot.collectedAt}">${ageText(seconds)}</span> ago.
    <strong id="stale" ${seconds < STALE_SECONDS ? html`hidden` : ''}>
      Nobody has asked for metrics since: is Prometheus still scraping?
    </strong>
  </p>`;
}

export function totalsHtml(snapshot: Snapshot | null, { kind, word, sentence }: Verdict): Html {
  return html`<section class="totals ${kind}" aria-labelledby="totals">
    <h2 id="totals">In use</h2>
    <p class="verdict"><strong class="badge ${kind}">${word}</strong> ${sentence}</p>
    ${snapshot?.totals ? figures(snapshot.totals, kind === 'partial') : ''} ${snapshot ? facts(snapshot) : ''}
  </section>`;
}

function figures({ vcpus, ramMb, servers }: NonNullable<Snapshot['totals']>, isPartial: boolean): Html {
  const least = isPartial ? html`<small>at least</small> ` : html``;
  const figure = (name: string, value: string, exact: string): Html =>
    html`<div>
      <dt>${name}</dt>
      <dd><span class="figure">${least}${value}</span> <span class="exact">${exact}</span></dd>
    </div>`;
  return html`<dl class="figures">
    ${figure('vCPUs', grouped(vcpus), '')} ${figure('RAM', ramText(ramMb), `${grouped(ramMb)} MiB`)}
    ${
      servers === null
        ? html`<div>
            <dt>Servers</dt>
            <dd><span class="figure">–</span> <span class="exact">some are seen by their quota counters only</span></dd>
          </div>`
        : figure('Servers', grouped(servers), '')
    }
  </dl>`;
}

function facts({ collectedAt, durationSeconds, counting }: Snapshot): Html {
  return html`<p class="facts">
    Snapshot of ${timeHtml(collectedAt)}, taken in ${durationSeconds.toFixed(2)} s, counting ${counting} servers.
  </p>`;
}
