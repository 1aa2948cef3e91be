import http from 'node:http';
import { attend } from './child.js';

/* Asks /-/healthy at a steady pace, from a process that has nothing else to do, and tells how late it was itself. */

const EVERY_MS = 50;

interface Poll {
  /** Milliseconds until each answer was there. */
  answers: number[];
  /** Milliseconds by which each request was sent too late: this process or the machine was busy. */
  late: number[];
  /** What was wrong with those that are not among `answers`. */
  failures: string[];
}

let poll: Poll = { answers: [], late: [], failures: [] };
let open: Promise<void>[] = [];
let timer: NodeJS.Timeout | undefined;

/** On a connection of its own, as kubelets and load balancers ask: none is closed under a request. */
function ask(url: string): Promise<void> {
  const started = performance.now();
  const { answers, failures } = poll;
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      failures.push(error.message);
      resolve();
    };
    const request = http.get(url, { agent: false }, (response) => {
      response.resume().on('error', failed);
      response.on('end', () => {
        if (response.statusCode === 200) answers.push(performance.now() - started);
        else failures.push(`HTTP ${response.statusCode}`);
        resolve();
      });
    });
    request.on('error', failed);
  });
}

const handlers = {
  /** Asks until it is told to stop, whether or not the ones before were answered. */
  start(url: string): void {
    poll = { answers: [], late: [], failures: [] };
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
