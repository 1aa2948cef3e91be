import type { FileState } from '../../domains/list.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { counted, grouped } from '../../text.js';
import { html, type Html } from '../html.js';
import { foreign, timeHtml } from './words.js';

/** The rest is in the JSON of the snapshot. */
const LISTED = 20;

/** Nothing while the file is well. */
export function fileAttention(file: FileState): Html[] {
  const { lastReloadSuccessful, list } = file;
  if (lastReloadSuccessful && list.problems.length === 0) return [];
  const why = lastReloadSuccessful ? counted(list.problems.length, 'bad line') : 'not taken over';
  return [
    html`${badge(file)} <span><a id="to-file" href="#file">Domains file</a> <span class="why">${why}</span></span>`,
  ];
}

function badge({ lastReloadSuccessful, list }: FileState): Html {
  if (!lastReloadSuccessful) return html`<span class="badge failed">failed</span>`;
  if (list.problems.length > 0) return html`<span class="badge partial">partial</span>`;
  return html`<span class="badge ok">ok</span>`;
}

/** What is in force of domains.txt. Its path is for the log alone. */
export function fileHtml(file: FileState, snapshot: Snapshot | null): Html {
  const { list, lastReloadSuccessful, lastSuccessAt } = file;
  const { domains, problems } = list;
  const isNewer = snapshot !== null && lastSuccessAt > snapshot.collectedAt;
  const lost = html`<p>
    The file as it is now could not be taken over: it is gone, can’t be read, or holds no good line. The log says which.
    Meanwhile the last good list stays in force.
  </p>`;
  return html`<section class="file" aria-labelledby="file">
    <h2 id="file">Domains file</h2>
    <p>
      ${badge(file)} ${counted(domains.length, 'domain')} in force,
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
