import type { FileState } from '../domains/list.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { html, type Html } from './html.js';
import { counted, foreign, grouped, timeHtml } from './status-words.js';

/** The rest is in the JSON of the snapshot. */
const LISTED = 20;

/** What is in force of domains.txt. Its path is for the log alone. */
export function fileHtml({ list, lastReloadSuccessful, lastSuccessAt }: FileState, snapshot: Snapshot | null): Html {
  const { domains, problems } = list;
  const isNewer = snapshot !== null && lastSuccessAt > snapshot.collectedAt;
  const kind = lastReloadSuccessful ? (problems.length === 0 ? 'ok' : 'partial') : 'failed';
  const word = { ok: 'ok', partial: 'bad lines', failed: 'not taken over' }[kind];
  const lost = html`<p>
    The file as it is now could not be taken over: it is gone, can’t be read, or holds no good line. The log says which.
    Meanwhile the last good list stays in force.
  </p>`;
  return html`<section class="file" aria-labelledby="file">
    <h2 id="file">Domains file</h2>
    <p>
      <span class="badge ${kind}">${word}</span> ${counted(domains.length, 'domain')} in force,
      ${problems.length === 0 ? 'no bad line' : counted(problems.length, 'bad line')}; last taken over
      ${timeHtml(lastSuccessAt)}.
      ${isNewer ? 'That was after the snapshot above, so that the next scrape is the first to count by it.' : ''}
    </p>
    ${lastReloadSuccessful ? '' : lost} ${problems.length === 0 ? '' : problemsHtml(problems)}
  </section>`;
}

function problemsHtml(problems: FileState['list']['problems']): Html {
  const more = problems.length - LISTED;
  return html`<p>Bad lines do not count, and keep every snapshot from being complete:</p>
    <ul>
      ${problems.slice(0, LISTED).map(({ line, message }) => html`<li>Line ${line}: ${foreign(message)}</li>`)}
    </ul>
    ${more > 0 ? html`<p>And ${grouped(more)} more.</p>` : ''}`;
}
