import { createHash } from 'node:crypto';

import { ADVICE } from '../../errors.js';
import type { DomainSnapshot, Snapshot } from '../../snapshot/snapshot.js';
import { counted, excerpt, grouped } from '../../text.js';
import { html, type Html } from '../html.js';
import { ageText, foreign, ramText, spoken } from './words.js';

type DomainError = DomainSnapshot['errors'][number];

/** More would only repeat the table. */
const LISTED = 20;
const COLUMNS = ['Domain', 'Result', 'vCPUs', 'RAM', 'MiB', 'Servers', 'Projects', 'Strategy', 'Time'] as const;
const OF_USER = '“of user”: only the projects that the domain’s user has a role in; any others are not seen.';

/** Labels are unique, but no ids: they hold what they like. */
function rowId({ domain }: DomainSnapshot): string {
  return `domain-${createHash('sha256').update(domain.label).digest('hex').slice(0, 12)}`;
}

const badge = (result: DomainSnapshot['result']): Html => html`<span class="badge ${result}">${result}</span>`;
const ailing = ({ domains }: Snapshot): DomainSnapshot[] => domains.filter(({ result }) => result !== 'ok');

/** The domains that failed, or are partial, each a link to its row; and what else there is. */
export function attentionHtml(snapshot: Snapshot | null, others: Html[]): Html {
  const domains = snapshot ? ailing(snapshot) : [];
  if (domains.length + others.length === 0) return html``;
  const more = domains.length - LISTED;
  return html`<section class="attention" aria-labelledby="attention">
    <h2 id="attention">Needs attention</h2>
    <ul>
      ${others.map((item) => html`<li>${item}</li>`)}
      ${domains.slice(0, LISTED).map((domain) => {
        const id = rowId(domain);
        const why = domain.errors.map(({ stage, reason }) => `${stage}, ${reason}`).join('; ');
        return html`<li>
          ${badge(domain.result)}
          <span>
            <a id="to-${id}" href="#${id}">${foreign(excerpt(domain.domain.label, 80))}</a>
            <span class="why">${why}</span>
          </span>
        </li>`;
      })}
    </ul>
    ${more > 0 ? html`<p>And ${grouped(more)} more in the table.</p>` : ''}
  </section>`;
}

export function domainsHtml(snapshot: Snapshot): Html {
  const { domains } = snapshot;
  const bad = ailing(snapshot).length;
  const some = bad > 0 && bad < domains.length;
  // The box stands before the table, which follows it by a rule of the style sheet: no script is needed.
  const filter = html`<input type="checkbox" id="only" autocomplete="off" />
    <label for="only">Only the ${grouped(bad)} that ${bad === 1 ? 'needs' : 'need'} attention</label>`;
  return html`<section class="domains" aria-labelledby="domains">
    <h2 id="domains">${counted(domains.length, 'domain')}</h2>
    ${some ? filter : ''}
    <table role="table">
      <caption>
        In the order of the domains file. RAM is in its largest unit, and in MiB exactly; a domain that failed has no
        figures. ${domains.some(({ projectScope }) => projectScope === 'user') ? OF_USER : ''}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${COLUMNS.map((name) => html`<th scope="col" role="columnheader">${name}</th>`)}
        </tr>
      </thead>
      ${domains.map((domain) => rowsHtml(domain, snapshot.collectedAt))}
    </table>
  </section>`;
}

/** Roles are written out, since a table that is shown as cards is none to some screen readers otherwise. */
function rowsHtml(domain: DomainSnapshot, collectedAt: number): Html {
  const { result, strategy, usage, servers, projects, projectScope, durationSeconds, errors } = domain;
  const id = rowId(domain);
  const cell = (value: Html | string): Html => html`<td role="cell">${value}</td>`;
  const none = html`<span aria-hidden="true">–</span>${spoken('not known')}`;
  const least = result === 'partial' ? '≥ ' : '';
  const number = (value: number | null | undefined): Html =>
    cell(value === null || value === undefined ? none : `${least}${grouped(value)}`);
  const seen = html`${grouped(projects ?? 0)}${projectScope === 'user' ? html` <small>of user</small>` : ''}`;
  return html`<tbody role="rowgroup" id="${id}" class="${result}">
    <tr role="row">
      <th scope="row" role="rowheader">${foreign(domain.domain.label)}</th>
      ${cell(badge(result))}${number(usage?.vcpus)}${cell(usage ? `${least}${ramText(usage.ramMb)}` : none)}
      ${number(usage?.ramMb)}${number(servers)}${cell(projects === null ? none : seen)}
      ${cell(strategy === null ? none : wayHtml(strategy, domain, collectedAt))}${cell(`${durationSeconds.toFixed(2)} s`)}
    </tr>
    ${errors.length === 0 ? '' : errorsHtml(domain, id)}
  </tbody>`;
}

/** The strategy, and when its listing was last made in full, where what changed since was asked for alone. */
function wayHtml(strategy: string, { listedAt }: DomainSnapshot, collectedAt: number): Html | string {
  if (listedAt === null || listedAt >= collectedAt) return strategy;
  return html`${strategy} <small>in full ${ageText((collectedAt - listedAt) / 1000)} before</small>`;
}

function errorsHtml({ domain, errors }: DomainSnapshot, id: string): Html {
  const errorHtml = ({ stage, reason, status, count, message }: DomainError): Html =>
    html`<li>
      <p><strong>${stage}, ${reason}${count > 1 ? ` (${grouped(count)} times)` : ''}:</strong> ${foreign(message)}</p>
      <details id="${id}-${stage}-${reason}-${status ?? 'none'}">
        <summary>What to do ${spoken(`about ${excerpt(domain.label, 80)}: ${stage}, ${reason}`)}</summary>
        <p>${sentence(ADVICE[reason])}</p>
      </details>
    </li>`;
  return html`<tr role="row" class="errors">
    <td role="cell" colspan="${COLUMNS.length}">
      <ul>
        ${errors.map(errorHtml)}
      </ul>
    </td>
  </tr>`;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
