import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Expected } from './expected.js';

/* The scripts that bring up, fill and break the real cloud. */

const PROJECT_ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const RIG = resolve(PROJECT_ROOT, process.env['OPENSTACK_RIG'] ?? '../shared/openstack');

/** Settings of the rig, such as RIG_TOKEN_EXPIRATION; those not given have their defaults. */
export type RigSettings = Record<`RIG_${string}`, string>;

/** Runs a program of the rig to its end. @throws Error with the end of what it said */
function run(file: string, args: readonly string[], settings: RigSettings = {}): Promise<string> {
  if (!existsSync(join(RIG, 'up'))) {
    throw new Error(`no OpenStack scripts in ${RIG}: set OPENSTACK_RIG to their folder`);
  }
  const env = { ...process.env, ...settings };
  return new Promise((done, fail) => {
    execFile(file, args, { cwd: RIG, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (!error) done(stdout);
      else fail(new Error(`${file} ${args.join(' ')} failed:\n${`${stdout}${stderr}`.slice(-3000)}`));
    });
  });
}

/**
 * Starts what is not running, with these settings; what runs keeps its own. Keystone, asked by many while it starts, may refuse its
 * own administrator (403), since its rules are not all there yet: the script is run once more then.
 */
export async function up(settings: RigSettings = {}): Promise<void> {
  await run('./up', [], settings).catch((error: unknown) => {
    const [refusal] = /GET \S+ -> 403 .*/.exec(String(error)) ?? [];
    if (refusal === undefined) throw error;
    console.warn(`once more: ${refusal}`);
    return run('./up', [], settings);
  });
  await run('/bin/bash', ['-ec', ONE_THREAD]);
}

/**
 * Neutron's locks are made for green threads. Real ones, of which `up` gives it four, wait for each other for ever now and then,
 * and every worker of Nova that asks it stands still with them. So it is started anew with one; which one that was, a copy of its pid
 * file tells.
 */
const ONE_THREAD = `. ./lib.sh
ini=$ETC/neutron-uwsgi.ini done=$RUN/neutron.one-thread
if cmp -s "$RUN/neutron.pid" "$done"; then exit; fi
stop neutron
sed -i 's/^threads = .*/threads = 1/' "$ini"
grep -qx 'threads = 1' "$ini"
start neutron uwsgi_python311 --ini "$ini"
wait_http neutron "http://$RIG_BIND:$RIG_PORT_NEUTRON/"
$PY "$RIG_DIR/basics.py"
cp "$RUN/neutron.pid" "$done"`;

/** Stops a service by the name of its pid file, such as `nova-api`. */
export async function stopService(...names: string[]): Promise<void> {
  await run('/bin/bash', ['-c', '. ./lib.sh; for name; do stop "$name"; done', 'stop', ...names]);
}

/** Gives services new settings, which take effect when they start: far faster than all of the cloud anew. */
export async function restart(services: readonly string[], settings: RigSettings = {}): Promise<void> {
  await stopService(...services);
  await up(settings);
}

/** Holds a service with all its processes where it is, until it is thawed: what it is sent waits. */
export async function freeze(name: string): Promise<void> {
  await signal(name, 'STOP');
}

export async function thaw(name: string): Promise<void> {
  await signal(name, 'CONT');
}

/** Each service has a process group of its own. */
async function signal(name: string, word: 'STOP' | 'CONT'): Promise<void> {
  const script = '. ./lib.sh; alive "$1" && read -r pid _ <"$RUN/$1.pid" && kill "-$2" -- "-$pid"';
  await run('/bin/bash', ['-c', script, word, name, word]);
}

/** Changes Nova's own database: for what a cloud would take hours, or a hypervisor, to come to. */
export async function changeNova(statement: string): Promise<void> {
  await run('/bin/bash', ['-c', '. ./lib.sh; sql -e "$1" nova', 'sql', statement]);
}

/** Fills the cloud; server rows of earlier calls are gone then. @returns what it holds now */
export async function seed(...args: string[]): Promise<Expected> {
  const folder = await mkdtemp(join(tmpdir(), 'vhi-seed-'));
  try {
    const file = join(folder, 'expected.json');
    await run('./seed', [...args, '--out', file]);
    return JSON.parse(await readFile(file, 'utf8')) as Expected;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Really boots servers, and drives each to the state that it is named by. @returns what they became, a line each */
export function boot(domain: string, project: string, states: readonly string[]): Promise<string> {
  return run('./boot', ['--domain', domain, '--project', project, '--states', states.join(',')]);
}

/** Empties the cache in which the services keep the tokens that they have seen. */
export async function forgetSeenTokens(): Promise<void> {
  const port = (await run('/bin/bash', ['-c', '. ./lib.sh; printf %s "$RIG_PORT_MEMCACHED"'])).trim();
  await new Promise<void>((done, fail) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('flush_all\r\n'));
    socket.once('data', () => {
      socket.end();
      done();
    });
    socket.once('error', fail);
  });
}
