import { expect } from 'chai';
import { StatusLine } from '../../src/commands/status-line.js';
import { terminalOf, type Surroundings } from '../../src/commands/terminal.js';

const tty = { isTTY: true, columns: 100, write: () => true };
const pipe = { write: () => true };

function seen(stdout: object, stderr: object, env: Record<string, string> = {}) {
  const { color, columns, status } = terminalOf({ stdout, stderr, env } as Surroundings);
  return { color, columns, hasStatus: status instanceof StatusLine };
}

describe('the terminal of a command', () => {
  it('has colours, a width and a status line', () => {
    expect(seen(tty, tty)).to.deep.equal({ color: true, columns: 100, hasStatus: true });
  });

  it('has each by the stream that it goes to', () => {
    expect(seen(pipe, tty)).to.deep.equal({ color: false, columns: null, hasStatus: true });
    expect(seen(tty, pipe)).to.deep.equal({ color: true, columns: 100, hasStatus: false });
    expect(seen(pipe, pipe)).to.deep.equal({ color: false, columns: null, hasStatus: false });
  });

  it('has no colours with NO_COLOR, unless that is empty', () => {
    expect(seen(tty, tty, { NO_COLOR: '1' })).to.deep.equal({ color: false, columns: 100, hasStatus: true });
    expect(seen(tty, tty, { NO_COLOR: '' }).color).to.be.true;
  });

  it('gets no escape code where it is dumb', () => {
    expect(seen(tty, tty, { TERM: 'dumb' })).to.deep.equal({ color: false, columns: 100, hasStatus: false });
  });

  it('has no limit where it does not know its width', () => {
    expect(seen({ ...tty, columns: 0 }, tty).columns).to.be.null;
  });
});
