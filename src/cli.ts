#!/usr/bin/env node
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { setFlagsFromString } from 'node:v8';

import type { Terminal } from './commands/terminal.js';
import { SettingError } from './errors.js';
import { createLogger } from './log.js';
import { Host, type Running } from './process.js';
import { SecretVariables } from './secret.js';
import { parseArguments, type Arguments } from './settings/arguments.js';
import { helpText } from './settings/help.js';
import { PASSWORD_VARIABLES, type Command } from './settings/options.js';
import { readSettings } from './settings/settings.js';
import { verifyFiles } from './settings/verify.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Commands that end only when they are told to. */
const STAYING: readonly Command[] = ['serve', 'simulate', 'demo'];

// Every scrape leaves so much garbage that V8 would let its heap grow fourfold before it looks for it. What this costs, and
// gives, stands in docs/performance.md.
setFlagsFromString('--heap-growing-percent=125');

const host = new Host(process);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs a command that ends by itself, or starts one that stays. */
async function run(args: Arguments): Promise<number | Running> {
  const settings = readSettings(args, process.env);
  const variables = new SecretVariables(process.env);
  // Those of the settings now; a line may name them all the same.
  for (const name of PASSWORD_VARIABLES) variables.take(name);
  await verifyFiles(settings);
  const log = createLogger({ ...settings.log, isFull: host.isLogFull });
  host.log = log;
  for (const warning of settings.warnings) log.warn(warning);
  const build = { version, nodeVersion: process.version };
  // Loaded when it is known what is wanted: help, and a bad setting, need none of it.
  switch (args.command) {
    case 'check':
    case 'snapshot': {
      const options = { settings, log, variables, print, terminal: await terminal() };
      if (args.command === 'check') return (await import('./commands/check.js')).runCheck(options);
      return (await import('./commands/snapshot.js')).runSnapshot(options);
    }
    case 'usage':
    case 'statement': {
      const tell = (text: string): void => void process.stderr.write(`${text}\n`);
      const options = { settings, log, variables, print, tell, terminal: await terminal() };
      if (args.command === 'usage') return (await import('./commands/usage.js')).runUsage(options);
      return (await import('./commands/statement.js')).runStatement(options);
    }
    case 'healthcheck':
      return (await import('./commands/healthcheck.js')).runHealthcheck(settings, (text) => host.complain(text));
    case 'simulate':
      return (await import('./commands/simulate.js')).startSimulate(settings.simulateListen, log, print);
    case 'demo':
      return (await import('./commands/demo.js')).startDemo(
        { settings, log, variables, build },
        args.flags.get('domains.file'),
      );
    case 'serve':
      return (await import('./daemon.js')).startDaemon({ settings, log, variables, build });
  }
}

/** The terminal of a command that ends by itself: a signal ends it at once, and leaves no half a line behind. */
async function terminal(): Promise<Terminal> {
  const { terminalOf } = await import('./commands/terminal.js');
  const terminal = terminalOf(process);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      terminal.status?.erase();
      process.exit(128 + constants.signals[signal]);
    });
  }
  return terminal;
}

async function main(): Promise<void> {
  try {
    const args = parseArguments(process.argv.slice(2));
    if (args.help) print(helpText(args.command));
    else if (args.version) print(`vhi-exporter ${version}`);
    else {
      if (STAYING.includes(args.command)) host.holdSignals();
      const outcome = await run(args);
      if (typeof outcome === 'number') process.exitCode = outcome;
      else host.attend(outcome);
    }
  } catch (error) {
    host.complain(error instanceof Error ? error.message : String(error));
    host.exit(error instanceof SettingError ? 2 : 1);
  }
}

await main();
