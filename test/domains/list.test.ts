import { expect } from 'chai';
import type { DomainDefaults } from '../../src/domains/domain.js';
import { ListKeeper } from '../../src/domains/list.js';
import type { Reading } from '../../src/watch/read.js';
import { SettingError } from '../../src/errors.js';
import { DEFAULTS, RecordingLog } from './samples.js';

const LOST: Reading = { kind: 'lost', why: 'does not exist' };

function bytes(text: string, mode = 0o100600): Reading {
  return { kind: 'bytes', bytes: Buffer.from(text), mode };
}

describe('ListKeeper', () => {
  let log: RecordingLog;
  let now: number;

  beforeEach(() => {
    log = new RecordingLog();
    now = 1000;
  });

  function keep(first: Reading, defaults: DomainDefaults = DEFAULTS): ListKeeper {
    return new ListKeeper('d.txt', first, { defaults, log, now: () => now });
  }

  function labels(keeper: ListKeeper): string[] {
    return keeper.state.list.domains.map(({ label }) => label);
  }

  it('starts with what the file holds, bad lines told by number', () => {
    const keeper = keep(bytes('1 name=a\n2 nam=b\n'));
    expect(keeper.state).to.deep.include({ lastReloadSuccessful: true, lastSuccessAt: 1000 });
    expect(keeper.state.list).to.deep.include({
      revision: 1,
      problems: [{ line: 2, message: 'unknown key nam, did you mean name?' }],
    });
    expect(labels(keeper)).to.deep.equal(['a']);
    expect(log.lines).to.deep.equal([
      'info d.txt loaded {"domains":1,"problems":1}',
      'warn d.txt:2: unknown key nam, did you mean name?',
    ]);
  });

  it('starts with an empty list when there are but comments', () => {
    const keeper = keep(bytes('# none yet\n'));
    expect(keeper.state.list).to.deep.equal({ domains: [], problems: [], revision: 1 });
    expect(keeper.state.lastReloadSuccessful).to.be.true;
  });

  it('does not start without a file, or without a good line', () => {
    expect(() => keep(LOST)).to.throw(SettingError, '--domains.file: d.txt does not exist');
    expect(() => keep(bytes('\n1\n2 nam=b'))).to.throw(
      SettingError,
      /^--domains.file: d.txt holds no good line\nd.txt:2: project is missing.*\nd.txt:3: unknown key nam, .*$/,
    );
    const many = bytes('x y\n'.repeat(25));
    expect(() => keep(many)).to.throw(SettingError, /\nd.txt:20: [^\n]*\nd.txt: and 5 more bad lines$/);
    expect(log.lines).to.deep.equal([]);
  });

  it('takes over a change as a new list', () => {
    const keeper = keep(bytes('1 name=a\n'));
    const before = keeper.state;
    now = 2000;
    keeper.update(bytes('1 name=b\n2 x=1\n'));
    expect(labels(keeper)).to.deep.equal(['b']);
    expect(keeper.state).to.deep.include({ lastReloadSuccessful: true, lastSuccessAt: 2000 });
    expect(keeper.state.list.revision).to.equal(2);
    expect(before.list.domains.map(({ label }) => label)).to.deep.equal(['a']);
    expect(log.lines.slice(1, 2)).to.deep.equal(['info d.txt reloaded {"domains":1,"problems":1}']);
  });

  it('takes over an empty list', () => {
    const keeper = keep(bytes('1 name=a\n'));
    keeper.update(bytes(''));
    expect(keeper.state).to.deep.include({ lastReloadSuccessful: true });
    expect(keeper.state.list).to.deep.equal({ domains: [], problems: [], revision: 2 });
  });

  it('keeps the very list when the file is away, and when it comes back unchanged', () => {
    const keeper = keep(bytes('1 name=a\n2 x=1\n'));
    const { list } = keeper.state;
    now = 2000;
    keeper.update(LOST);
    expect(keeper.state).to.deep.equal({ list, lastReloadSuccessful: false, lastSuccessAt: 1000 });
    now = 3000;
    keeper.update(bytes('1 name=a\n2 x=1\n'));
    expect(keeper.state).to.deep.equal({ list, lastReloadSuccessful: true, lastSuccessAt: 3000 });
    expect(keeper.state.list).to.equal(list);
    expect(log.lines.slice(2)).to.deep.equal([
      'warn d.txt does not exist; the last good list stays in force {"domains":1,"problems":1}',
      'info d.txt is back, unchanged {"domains":1,"problems":1}',
    ]);
  });

  it('keeps the good domains when no line is good any more, with the problems of now', () => {
    const keeper = keep(bytes('1 name=a\n2 x=1\n'));
    keeper.update(bytes('1 nam=a\n'));
    expect(labels(keeper)).to.deep.equal(['a']);
    expect(keeper.state.list.problems).to.deep.equal([{ line: 1, message: 'unknown key nam, did you mean name?' }]);
    expect(keeper.state).to.deep.include({ lastReloadSuccessful: false, lastSuccessAt: 1000 });
    expect(keeper.state.list.revision).to.equal(2);
    expect(log.lines.slice(2)).to.deep.equal([
      'warn d.txt holds no good line; the last good list stays in force {"domains":1,"problems":1}',
      'warn d.txt:1: unknown key nam, did you mean name?',
    ]);
    keeper.update(bytes('1 name=a\n2 x=1\n'));
    expect(keeper.state.lastReloadSuccessful).to.be.true;
    expect(keeper.state.list.revision).to.equal(3);
    expect(keeper.state.list.problems[0]!.line).to.equal(2);
  });

  it('takes a file that is read again unchanged as a success of now, and keeps the very list', () => {
    const keeper = keep(bytes('1 name=a\n'));
    const { list } = keeper.state;
    now = 2000;
    keeper.update(bytes('1 name=a\n'));
    expect(keeper.state).to.deep.equal({ list, lastReloadSuccessful: true, lastSuccessAt: 2000 });
    expect(keeper.state.list).to.equal(list);
    expect(log.lines.at(-1)).to.equal('info d.txt was read again, unchanged {"domains":1,"problems":0}');
  });

  const failures: [what: string, reading: Reading, failure: string | null][] = [
    ['nothing of a good file', bytes('1 name=b\n'), null],
    ['nothing of an empty list', bytes('# none\n'), null],
    ['a file that is gone', LOST, 'does not exist; the last good list stays in force'],
    [
      'one bad line',
      bytes('1 name=b\n2 nam=c\n'),
      'holds 1 bad line, the first is line 2: unknown key nam, did you mean name?; its good lines are in force',
    ],
    [
      'a file without a good line',
      bytes('2 nam=c\n3 nam=d\n'),
      'holds 2 bad lines, the first is line 1: unknown key nam, did you mean name?; the last good list stays in force',
    ],
  ];
  for (const [what, reading, failure] of failures) {
    it(`tells as failed ${what}, once and when read again`, () => {
      const keeper = keep(bytes('1 name=a\n'));
      expect(keeper.failure).to.be.null;
      for (let i = 0; i < 2; i += 1) {
        keeper.update(reading);
        expect(keeper.failure).to.equal(failure);
      }
      keeper.update(bytes('1 name=a\n'));
      expect(keeper.failure).to.be.null;
    });
  }

  it('is not content with a bad file that was away and is back', () => {
    const keeper = keep(bytes('1 name=a\n'));
    keeper.update(bytes('bad\n'));
    keeper.update(LOST);
    keeper.update(bytes('bad\n'));
    expect(keeper.state.lastReloadSuccessful).to.be.false;
    expect(log.lines.at(-1)).to.match(/^warn d.txt is back, still without a good line/);
  });

  it('logs no more than twenty problems one by one', () => {
    keep(bytes('1 name=a\n' + 'x y\n'.repeat(21)));
    expect(log.lines).to.have.length(1 + 20 + 1);
    expect(log.lines.at(-1)).to.equal('warn d.txt: and 1 more bad line');
  });

  it('warns at each load of a password that others may read', () => {
    const warning = 'warn d.txt holds a password and others may read it: chmod 600 it, or use password_file';
    for (const [mode, warned] of [
      [0o100600, 0],
      [0o100640, 1],
      [0o100604, 1],
      [0o100620, 0],
    ] as const) {
      log = new RecordingLog();
      const keeper = keep(bytes('1 name=a password=x', mode));
      expect(log.lines.filter((line) => line === warning)).to.have.length(warned);
      keeper.update(bytes('1 name=b password=x', mode));
      expect(log.lines.filter((line) => line === warning)).to.have.length(2 * warned);
      keeper.update(bytes('1 name=b password_env=X', mode));
      expect(log.lines.filter((line) => line === warning)).to.have.length(2 * warned);
    }
  });

  it('warns once of each http:// address that is not on this machine', () => {
    const own = 'user=u password_env=P';
    const keeper = keep(
      bytes(
        `1 name=a auth_url=http://far ${own} compute_url=http://nova:8774\n` +
          `2 name=b auth_url=http://far/v3 ${own}\n3 name=c auth_url=http://127.0.0.1:5000 ${own}\n4 name=d\n`,
      ),
    );
    keeper.update(bytes(`1 name=a auth_url=http://far ${own}\n5 name=e auth_url=http://farther ${own}`));
    expect(log.lines.filter((line) => line.includes('unencrypted'))).to.deep.equal([
      'warn passwords and tokens travel unencrypted to http://far/v3, use https://',
      'warn passwords and tokens travel unencrypted to http://nova:8774, use https://',
      'warn passwords and tokens travel unencrypted to http://farther/v3, use https://',
    ]);
  });

  it('logs no password', () => {
    const keeper = keep(bytes('1 name=a password=hunter2\n2 pasword=hunter2\n3 name=b password="hunter2', 0o100644));
    keeper.update(bytes('1 password=hunter2 name=c hunter2\n4 name=d\n', 0o100644));
    expect(log.lines.join('\n')).not.to.contain('hunter2');
  });

  it('escapes a path that would spoil the log', () => {
    new ListKeeper('a\nb', bytes('bad\n1 name=a'), { defaults: DEFAULTS, log });
    expect(log.lines.join('')).not.to.contain('\n');
    expect(log.lines[1]).to.match(/^warn a\\u000ab:1: /);
  });
});
