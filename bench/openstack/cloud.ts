import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adminBody, ask, post } from '../../test/openstack/helpers/api.js';
import type { Expected } from '../../test/openstack/helpers/expected.js';
import { seed } from '../../test/openstack/helpers/rig.js';

/* The real cloud, filled for the bench. */

const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RIG = resolve(PROJECT_ROOT, process.env['OPENSTACK_RIG'] ?? '../shared/openstack');

const CONFIGURED = '--domains 10 --projects 4 --servers 25 --cloudadmin dom-010'.split(' ');
const NEIGHBOUR = '--start 11 --domains 1 --projects 2 --servers 1000 --keep'.split(' ');

/** The mark of all rows that the rig's seed writes. */
const SEEDED = 'r-rigseed';
const DATES = ['created_at', 'updated_at', 'launched_at', 'terminated_at', 'deleted_at'];

/** The bench can't run: its message is all that the user is told. */
export class NoCloud extends Error {}

export interface Filled {
  /** The domains that the exporter is to collect. */
  configured: Expected;
  /** One more domain of the same cloud, with more servers than all others. */
  neighbour: Expected;
}

/** Runs a line of shell after the rig's own settings, in a shell of its own. @returns what it wrote */
function shell(line: string): Promise<string> {
  return new Promise((done, fail) => {
    execFile('/bin/bash', ['-c', `set -e; . ./lib.sh; ${line}`], { cwd: RIG }, (error, stdout, stderr) => {
      if (error) fail(new Error(`${line}: ${stderr}`));
      else done(stdout);
    });
  });
}

/** @throws NoCloud where the cloud's scripts are missing, or Keystone or Nova does not answer */
export async function expectCloud(): Promise<void> {
  if (!existsSync(join(RIG, 'lib.sh'))) {
    throw new NoCloud(`no OpenStack scripts in ${RIG}: set OPENSTACK_RIG to their folder`);
  }
  const urls = (await shell('echo "$AUTH_URL" "http://$RIG_BIND:$RIG_PORT_NOVA/"')).trim().split(' ');
  for (const url of urls) {
    const answer = await ask(url).catch(() => null);
    if (answer?.status !== 200) throw new NoCloud(`nothing answers at ${url}: run ${join(RIG, 'up')} first`);
  }
}

/** Server rows of earlier runs are gone then. */
export async function fill(): Promise<Filled> {
  const configured = await seed(...CONFIGURED);
  const neighbour = await seed(...NEIGHBOUR);
  await age();
  return { configured, neighbour };
}

/**
 * Sets all dates of the seeded rows back by an hour. Some were deleted within the last minutes, and a question for changes
 * reaches back to five minutes before the last one: they would be among the answers for no reason.
 */
async function age(): Promise<void> {
  const set = DATES.map((date) => `${date} = ${date} - interval 1 hour`).join(', ');
  for (const cell of ['nova', 'nova_cell0']) {
    await shell(`sql ${cell} -e "update instances set ${set} where reservation_id = '${SEEDED}'"`);
  }
}

export interface Administrator {
  token: string;
  projectId: string;
}

/** @throws Error where the login is refused */
export async function administrator(expected: Expected): Promise<Administrator> {
  const { status, headers, json, text } = await post(`${expected.auth_url}/auth/tokens`, adminBody(expected));
  const token = headers['x-subject-token'];
  if (status !== 201 || token === undefined) throw new Error(`login of the administrator: ${status} ${text}`);
  return { token, projectId: (json as { token: { project: { id: string } } }).token.project.id };
}
