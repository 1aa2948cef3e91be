import { readFile } from 'node:fs/promises';

/* What Linux tells of a process; elsewhere nothing is known. */

/** Of the kernel's interface, on every architecture. */
const TICKS_PER_SECOND = 100;

/** Peak of the resident memory since the start, in MB of 1,000,000 bytes, from the text of `/proc/PID/status`. */
export function parsePeakRss(status: string): number | null {
  const kib = /^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : (Number(kib) * 1024) / 1e6;
}

/** User and system time since the start, in seconds, from the text of `/proc/PID/stat`. */
export function parseCpuSeconds(stat: string): number | null {
  // The name, in parentheses, may hold blanks and parentheses itself. utime is field 14, stime 15, the state 3.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return Number.isFinite(user) && Number.isFinite(system) ? (user + system) / TICKS_PER_SECOND : null;
}

async function read(pid: number, file: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** null where the system does not tell. */
export async function peakRssMb(pid: number): Promise<number | null> {
  return parsePeakRss(await read(pid, 'status'));
}

/** null where the system does not tell. */
export async function cpuSeconds(pid: number): Promise<number | null> {
  return parseCpuSeconds(await read(pid, 'stat'));
}
