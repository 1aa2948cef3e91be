import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { type Exit, until } from '../helpers/program.js';

/*
 * The image run as `docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges` would, by the kernel's own
 * means and without Docker: namespaces of its own, a root file system that can't be written to, its user, and no
 * capability. The network is the machine's. `.ci/image` says where the image is.
 */

function fromScript(name: 'IMAGE_ROOT' | 'IMAGE_FILE'): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are run by .ci/image`);
  return value;
}

/** https://github.com/moby/docker-image-spec/blob/main/spec.md */
export interface ImageConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[] | null;
  WorkingDir: string;
  ExposedPorts: Record<string, unknown>;
  Volumes: Record<string, unknown>;
  /** Times are nanoseconds. */
  Healthcheck: { Test: string[]; Interval: number; Timeout: number };
}

export const ROOT = fromScript('IMAGE_ROOT');
export const CONFIG = (
  JSON.parse(readFileSync(fromScript('IMAGE_FILE'), 'utf8')) as { Docker: { config: ImageConfig } }
).Docker.config;

/** Within namespaces of its own. Arguments: root, the mounted folder or nothing, working directory, command. */
const ENTER = `
set -eu
root=$1 folder=$2
shift 2
mount --bind "$root" "$root"
mkdir -p "$root/etc/vhi-exporter"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
if [ -n "$folder" ]; then
  mount --bind "$folder" "$root/etc/vhi-exporter"
  mount -o remount,bind,ro "$root/etc/vhi-exporter"
fi
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"`;

const [UID = '', GID = ''] = CONFIG.User.split(':');
const RIGHTS = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all'];
const START_MS = 30_000;
const AS_USER = ['setpriv', `--reuid=${UID}`, `--regid=${GID}`, '--clear-groups', ...RIGHTS];

export interface ContainerOptions {
  env?: Record<string, string>;
  /** Mounted at /etc/vhi-exporter, read-only. */
  folder?: string;
}

export class Container {
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #env: string[];
  #ended = false;

  /** @param args of the entry point */
  constructor(args: readonly string[], { env = {}, folder = '' }: ContainerOptions = {}) {
    this.#env = [...CONFIG.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
    const command = this.#asUser([...CONFIG.Entrypoint, ...args]);
    const own = ['--mount', '--pid', '--ipc', '--uts', '--fork'];
    const child = spawn('unshare', [...own, 'sh', '-c', ENTER, 'sh', ROOT, folder, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        this.#ended = true;
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  #asUser(command: readonly string[]): string[] {
    return [...AS_USER, 'env', '-i', '-C', CONFIG.WorkingDir, ...this.#env, ...command];
  }

  /** The program's process, as the machine counts: it is the first one in its own namespace. */
  get pid(): number {
    const { pid } = this.#child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    if (!/^\d+$/.test(children)) throw new Error(`unshare has not one child, but "${children}"`);
    return Number(children);
  }

  /** Runs a command beside the program, with the same rights and environment, as `docker exec` does. */
  exec(command: readonly string[]): Promise<Exit> {
    const inside = ['--target', String(this.pid), '--mount', '--pid', '--ipc', '--uts', '--root', '--'];
    return new Promise((resolve) => {
      execFile('nsenter', [...inside, ...this.#asUser(command)], (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? NaN) : 0, stdout, stderr }),
      );
    });
  }

  /** What the image's HEALTHCHECK says, given no more time than the image gives it. */
  async health(): Promise<Exit> {
    const [kind, ...command] = CONFIG.Healthcheck.Test;
    if (kind !== 'CMD') throw new Error(`the health check wants a shell: ${kind}`);
    return this.exec(['timeout', '-s', 'KILL', String(CONFIG.Healthcheck.Timeout / 1e9), ...command]);
  }

  /** What the pattern finds in one of the outputs, as soon as it is there. */
  saw(output: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    return until(`${pattern} on ${output}`, START_MS, () => {
      const found = pattern.exec(this[output]);
      if (!found && this.#ended) throw new Error(`ended without ${pattern}:\n${this.stdout}${this.stderr}`);
      return found;
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    process.kill(this.pid, signal);
    return this.exited;
  }

  /** At the end of a test, whatever became of it. */
  async kill(): Promise<void> {
    // Killed itself, unshare would leave the program behind: what --kill-child asks of the kernel ends with root's rights.
    if (!this.#ended) await this.stop('SIGKILL');
  }
}
