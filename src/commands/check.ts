import type { Domain } from '../domains/domain.js';
import type { DomainSnapshot } from '../snapshot/snapshot.js';
import { readTariffsFile } from '../tariffs/file.js';
import { strangerLines } from '../tariffs/strangers.js';
import type { TariffBook } from '../tariffs/tariff.js';
import { counted, printable } from '../text.js';
import { openWebConfig } from '../web/security/read.js';
import { collectOnce, type CommandOptions } from './collect-once.js';
import { errorReport } from './report.js';
import { betterRoles, projectNames } from './roles.js';
import { resultCell, table, type Cell } from './table.js';

const HEADER = ['DOMAIN', 'RESULT', 'LOGIN', 'PROJECTS', 'THESE ARE', 'STRATEGY', 'SERVERS'];
const SPARE = ['SERVERS', 'STRATEGY', 'PROJECTS', 'LOGIN'];

/**
 * Tries everything that a scrape needs, once, and says what each domain's user may see, and what a better role would be.
 * @returns the exit code: 0 all well, 1 a domain or a line fails
 */
export async function runCheck(options: CommandOptions): Promise<number> {
  const { settings, terminal, print } = options;
  if (settings.web.configFile !== null) await openWebConfig(settings.web.configFile);
  const { tariffsFile, timezone: zone } = settings;
  const tariffs = tariffsFile === null ? null : await readTariffsFile(tariffsFile, { zone, log: options.log });
  const { snapshot, file } = await collectOnce(options);
  const { domains, problems } = file.list;
  print(`${settings.domainsFile}: ${domains.length} domains, ${problems.length} problems`);
  if (tariffs && tariffsFile !== null)
    for (const line of tariffsReport(tariffsFile, tariffs.book, domains)) print(line);
  const rows = snapshot.domains.map((domain) => [
    domain.domain.label,
    resultCell(domain.result),
    login(domain),
    domain.projects,
    sight(domain),
    domain.strategy,
    domain.servers,
  ]);
  print(table(HEADER, rows, { ...terminal, spare: SPARE }));
  for (const line of projectNames(snapshot)) print(line);
  if (snapshot.domains.some(({ projectScope }) => projectScope === 'user')) {
    print(
      '\nWhere only the projects of the user can be seen, a project without a role for the user is not in the figures. ' +
        'A role on the domain, inherited by its projects, leaves none out.',
    );
  }
  if (settings.collect.incremental === 'auto' && snapshot.domains.some(({ listedAt }) => listedAt !== null)) {
    print(
      '\nServers were listed in full. The daemon goes on from there, by what changed, until it lists them in full again.',
    );
  }
  for (const line of betterRoles(snapshot)) print(line);
  for (const line of errorReport(snapshot)) print(line);
  return snapshot.complete ? 0 : 1;
}

function tariffsReport(path: string, book: TariffBook, domains: readonly Domain[]): string[] {
  const { currency, tariffs, timezone } = book;
  const content = `${counted(tariffs.length, 'tariff')} in ${currency.code}, timezone ${timezone}`;
  return [`${printable(path)}: ${content}`, ...strangerLines(path, book, domains)];
}

const login = ({ errors }: DomainSnapshot): Cell =>
  resultCell(errors.some(({ stage }) => stage === 'login') ? 'failed' : 'ok');

function sight({ projectScope }: DomainSnapshot): string | null {
  if (projectScope === null) return null;
  return projectScope === 'domain' ? 'all of the domain' : "the user's only";
}
