/* Loaded into the real program beside it: at SIGUSR2 it collects garbage, and tells on stderr what the process holds. */
import { fstatSync, readdirSync } from 'node:fs';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
let answers = 0;

/** null where there is no such descriptor. */
function isSocket(fd) {
  try {
    return fstatSync(fd).isSocket();
  } catch (error) {
    if (error.code === 'EBADF') return null;
    throw error;
  }
}

process.on('SIGUSR2', async () => {
  // What one round frees may be what holds the next: sockets, then all that listens to them.
  for (let round = 0; round < 3; round += 1) {
    await setImmediate();
    gc();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const open = readdirSync('/dev/fd').map((name) => isSocket(Number(name)));
  const sockets = open.filter(Boolean).length;
  // Of the folder itself, which was open while it was read, nothing is left to be told.
  const fds = open.filter((answer) => answer !== null).length;
  answers += 1;
  process.stderr.write(`probe ${answers} ${JSON.stringify({ heap: heapUsed + external, rss, sockets, fds })}\n`);
});
