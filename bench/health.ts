import http from 'node:http';
import { attend } from './child.js';

/* Asks /-/healthy at a steady pace, from a process that has nothing else to do, and tells how late it was itself. */

const EVERY_MS = 10;

interface Poll {
  /** Milliseconds until each answer was there. */
  answers: number[];
  /** Milliseconds by which each request was sent too late: this process or the machine was busy. */
  late: number[];
  failures: number;
}

const agent = new http.Agent({ keepAlive: true });
let poll: Poll = { answers: [], late: [], failures: 0 };
let open: Promise<void>[] = [];
let timer: NodeJS.Timeout | undefined;

function ask(url: string): Promise<void> {
  const started = performance.now();
  const { answers } = poll;
  return new Promise((resolve) => {
    const failed = (): void => {
      poll.failures += 1;
      resolve();
    };
    const request = http.get(url, { agent }, (response) => {
      response.resume().on('error', failed);
      response.on('end', () => {
        if (response.statusCode !== 200) poll.failures += 1;
        answers.push(performance.now() - started);
        resolve();
      });
    });
    request.on('error', failed);
  });
}

const handlers = {
  /** Asks until it is told to stop, whether or not the ones before were answered. */
  start(url: string): void {
    poll = { answers: [], late: [], failures: 0 };
    open = [];
    let due = performance.now();
    const next = (): void => {
      poll.late.push(Math.max(0, performance.now() - due));
      open.push(ask(url));
      // What was missed while this process could not run is not made up for.
      due = Math.max(due + EVERY_MS, performance.now());
      timer = setTimeout(next, due - performance.now());
    };
    next();
  },

  /** Waits for what is still open. */
  async stop(): Promise<Poll> {
    clearTimeout(timer);
    await Promise.all(open);
    return poll;
  },
};

export type HealthProcess = typeof handlers;
attend(handlers);
