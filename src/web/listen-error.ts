import { withBrackets, type ListenAddress } from '../settings/values.js';

/** What is wrong with an address, and what to do. */
const ADVICE: Record<string, string> = {
  EADDRINUSE: 'is in use already: choose another',
  EADDRNOTAVAIL: 'is no address of this machine (EADDRNOTAVAIL): choose one of its own, or :port for all',
  EAFNOSUPPORT: 'is of a kind that this machine does not have (EAFNOSUPPORT): choose another',
  ENOTFOUND: 'names a host that is not known (ENOTFOUND): write an address, or :port for all',
  EAI_AGAIN: "names a host that DNS can't tell now (EAI_AGAIN): write an address, or :port for all",
};

/** The failure to open a socket in one line. */
export function listenError({ host, port }: ListenAddress, cause: NodeJS.ErrnoException): Error {
  const { code = cause.message } = cause;
  const shown = `${withBrackets(host ?? '')}:${port}`;
  const denied = `is not allowed to this user (${code}): choose a port from 1024 on`;
  const advice =
    code === 'EACCES' || code === 'EPERM' ? denied : (ADVICE[code] ?? `can't be opened (${code}): choose another`);
  return new Error(`--web.listen-address: ${shown} ${advice}`, { cause });
}
