import { parseArgs } from 'node:util';

import { SettingError } from '../errors.js';
import { excerpt, nearest } from '../text.js';
import { COMMANDS, OPTIONS, commandTakes, type Command, type Flag, type Option } from './options.js';

/** A command line taken apart; values are still text. */
export interface Arguments {
  command: Command;
  flags: Map<Flag, string>;
  help: boolean;
  version: boolean;
}

const FLAGS = Object.keys(OPTIONS) as Flag[];
const COMMAND_NAMES = Object.keys(COMMANDS) as Command[];
const isFlag = (name: string): name is Flag => Object.hasOwn(OPTIONS, name);
const isSwitch = (flag: Flag): boolean => !('value' in (OPTIONS[flag] as Option));

/**
 * Reads the arguments behind the program's name.
 * @throws SettingError naming the argument
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(FLAGS.map((flag) => [flag, { type: isSwitch(flag) ? 'boolean' : 'string' } as const])),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
  });
  const words: string[] = [];
  const flags = new Map<Flag, string>();
  const result = { help: false, version: false };
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    else if (token.kind === 'option') {
      if (token.name === 'help' || token.name === 'version') result[token.name] = true;
      else flags.set(...readFlag(token));
    }
  }
  const command = readCommand(words);
  // `--help` and `--version` work everywhere, so nothing else is worth an error beside them.
  if (!result.help && !result.version) rejectForeignFlags(command, flags);
  return { command, flags, ...result };
}

function readFlag(token: { rawName: string; name: string; value?: string; inlineValue?: boolean }): [Flag, string] {
  const { rawName, name, value, inlineValue } = token;
  const negated = name.startsWith('no-') ? name.slice(3) : '';
  if (isFlag(negated) && isSwitch(negated)) {
    if (value === undefined) return [negated, 'false'];
    throw new SettingError(`${rawName} takes no value: write --${negated}=true or --${negated}=false`);
  }
  if (!isFlag(name)) {
    const near = nearest(name, [...FLAGS, 'help', 'version']);
    throw new SettingError(`unknown flag ${excerpt(rawName, 60)}: ${near ? `did you mean --${near}?` : 'see --help'}`);
  }
  if (isSwitch(name)) return [name, value ?? 'true'];
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('-'))) {
    throw new SettingError(`--${name} needs a value: --${name}=${(OPTIONS[name] as Option).value ?? ''}`);
  }
  return [name, value];
}

function readCommand([word = 'serve', extra]: string[]): Command {
  const command = COMMAND_NAMES.find((name) => name === word);
  if (!command) {
    const near = nearest(word, COMMAND_NAMES);
    const hint = near ? `did you mean ${near}?` : `the commands are ${COMMAND_NAMES.join(', ')}`;
    throw new SettingError(`unknown command "${excerpt(word, 40)}": ${hint}`);
  }
  if (extra !== undefined) {
    throw new SettingError(`unexpected argument "${excerpt(extra, 40)}" behind ${command}: settings are --flag=value`);
  }
  return command;
}

function rejectForeignFlags(command: Command, flags: Map<Flag, string>): void {
  for (const flag of flags.keys()) {
    if (commandTakes(command, flag)) continue;
    const takers = COMMAND_NAMES.filter((name) => commandTakes(name, flag));
    throw new SettingError(`--${flag} does not go with ${command}, only with ${takers.join(', ')}`);
  }
}
