import type { DomainSnapshot, Snapshot } from '../snapshot/snapshot.js';
import { printable } from '../text.js';

/** Names that a line holds before the rest is a number. */
const MAX_NAMES = 12;

/** Which projects were read, a line for each domain, under an empty line and a title; none where nothing was. */
export function projectNames({ domains }: Snapshot): string[] {
  const lines = domains
    .filter(({ byProject }) => byProject.length > 0)
    .map(({ domain, byProject }) => printable(`${domain.label}: ${some(byProject.map(({ name }) => name))}`));
  return lines.length > 0 ? ['', 'Projects that were read:', ...lines] : [];
}

function some(names: readonly string[]): string {
  const rest = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

interface Hint {
  helps: (domain: DomainSnapshot) => boolean;
  text: string;
}

/** Only what is known to help, by what Keystone refused or Nova showed. */
const HINTS: readonly Hint[] = [
  {
    helps: ({ errors, projectScope, domain }) =>
      projectScope === 'domain' &&
      domain.credential.kind === 'password' &&
      errors.some(({ stage, reason, status }) => stage === 'servers' && reason === 'forbidden' && status !== 403),
    text: 'reader on the domain, inherited by its projects: the user has no role in some of them',
  },
  {
    helps: ({ strategy }) => strategy === 'cloud-list',
    text:
      'the user sees the servers of all domains, which is more than is needed; reader on the domain, inherited by its ' +
      'projects, would do, with more requests',
  },
];

/** Which domains a better role is known for, under an empty line and a title; none where all is well. */
export function betterRoles({ domains }: Snapshot): string[] {
  const lines = HINTS.flatMap(({ helps, text }) => {
    const labels = domains.filter(helps).map(({ domain }) => domain.label);
    return labels.length > 0 ? [printable(`${some(labels)}: ${text}`)] : [];
  });
  return lines.length > 0 ? ['', 'Better roles:', ...lines] : [];
}
