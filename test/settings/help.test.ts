import { expect } from 'chai';
import { helpText } from '../../src/settings/help.js';
import { OPTIONS, type Option } from '../../src/settings/options.js';

const COMMANDS = ['serve', 'check', 'snapshot', 'usage', 'statement', 'healthcheck', 'simulate', 'demo'] as const;
const lineOf = (text: string, flag: string): string | undefined =>
  text.split('\n').find((line) => new RegExp(`^ *--${flag.replaceAll('.', '\\.')}[= ]`).test(line));

describe('the help text', () => {
  for (const [flag, option] of Object.entries(OPTIONS) as [string, Option][]) {
    it(`tells of --${flag}, its value, variables and default`, () => {
      const lines = COMMANDS.map((command) => lineOf(helpText(command), flag)).filter((line) => line !== undefined);
      expect(lines).not.to.be.empty;
      for (const line of lines) {
        expect(line).to.contain(option.help);
        if (option.value !== undefined) expect(line).to.contain(`--${flag}=${option.value}`);
        for (const variable of option.env ?? []) expect(line).to.contain(variable);
        if (option.default !== undefined) expect(line).to.contain(`default ${option.default}`);
      }
    });
  }

  for (const command of COMMANDS) {
    it(`of ${command} names every command and where the password comes from`, () => {
      const text = helpText(command);
      for (const name of COMMANDS) expect(text).to.match(new RegExp(`^ +${name} +\\w`, 'm'));
      for (const name of ['VHI_PASSWORD,', 'VHI_PASSWORD_FILE', 'OS_PASSWORD', '--help', '--version']) {
        expect(text).to.contain(name);
      }
    });
  }

  it('of a command leaves out flags that do not go with it', () => {
    expect(lineOf(helpText('simulate'), 'cloud.auth-url')).to.equal(undefined);
    expect(lineOf(helpText('demo'), 'cloud.auth-url')).to.equal(undefined);
    expect(lineOf(helpText('serve'), 'output')).to.equal(undefined);
  });

  it('has no line that is wider than a wide terminal', () => {
    for (const line of helpText('snapshot').split('\n')) expect(line.length, line).to.be.at.most(160);
  });
});
