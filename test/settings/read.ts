import { expect } from 'chai';
import { SettingError } from '../../src/errors.js';
import { parseArguments } from '../../src/settings/arguments.js';
import { readSettings, type Settings } from '../../src/settings/settings.js';

/** What the program makes of a command line and an environment. */
export function settingsOf(argv: string[], env: Record<string, string> = {}): Settings {
  return readSettings(parseArguments(argv), env);
}

/** The message with which the program refuses to start. */
export function refusal(argv: string[], env: Record<string, string> = {}): string {
  try {
    settingsOf(argv, env);
  } catch (error) {
    expect(error).to.be.instanceOf(SettingError);
    return (error as Error).message;
  }
  throw new Error(`accepted: ${argv.join(' ')} ${JSON.stringify(env)}`);
}
