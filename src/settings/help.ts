import { COMMANDS, OPTIONS, commandTakes, type Command, type Flag, type Option } from './options.js';

/** The text of `vhi-exporter [command] --help`. */
export function helpText(command: Command): string {
  const commands = Object.entries(COMMANDS).map(([name, { help }]) => `  ${name.padEnd(11)} ${help}`);
  const flags = (Object.entries(OPTIONS) as [Flag, Option][])
    .filter(([flag]) => commandTakes(command, flag))
    .map(([flag, option]) => {
      const name = `--${flag}${option.value ? `=${option.value}` : ''}`;
      const notes = [option.env?.join(', '), option.default && `default ${option.default}`].filter(Boolean);
      return `  ${name.padEnd(36)} ${option.help}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
    });
  return [
    'vhi-exporter: vCPUs and RAM in use right now over all domains of a VHI (OpenStack) cloud, for Prometheus.',
    '',
    'Usage: vhi-exporter [command] [--flag=value ...]',
    '',
    ...commands,
    '',
    `Settings of ${command} (a flag wins over its environment variable, which wins over the default):`,
    ...flags,
    `  ${'--help, --version'.padEnd(36)} this text; the version`,
    '',
    'The password comes from VHI_PASSWORD, VHI_PASSWORD_FILE or OS_PASSWORD, or from keys in the domains file.',
    '',
  ].join('\n');
}
