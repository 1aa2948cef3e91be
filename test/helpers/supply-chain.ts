import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json */
interface LockEntry {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  dev?: boolean;
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

export interface Lock {
  packages: Record<string, LockEntry>;
}

/** All but the project itself. */
export function packagesOf({ packages }: Lock): (LockEntry & { name: string })[] {
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({ ...entry, name: path.slice(path.lastIndexOf('node_modules/') + 13) }));
}

export interface Instruction {
  keyword: string;
  rest: string;
}

/** The instructions of each stage of a Dockerfile, on one line each, without its comments. */
export function instructions(text: string): Instruction[][] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [keyword = '', ...rest] = line.trim().split(/\s+/);
    if (keyword === 'FROM') stages.push([]);
    stages.at(-1)?.push({ keyword, rest: rest.join(' ') });
  }
  return stages;
}

/** Runs a RUN instruction of the Dockerfile in a folder that holds this domains.txt alone. */
export function domainsFilePassesBuild(command: string, domains: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'vhi-build-'));
  try {
    writeFileSync(join(folder, 'domains.txt'), domains);
    const { status, stderr } = spawnSync('/bin/sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    if (status === 0) return true;
    if (status === 1 && stderr.startsWith('domains.txt is not the one')) return false;
    throw new Error(`exit code ${status}: ${stderr}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
