import { expect } from 'chai';
import fc from 'fast-check';
import sinon from 'sinon';
import { createLogger, jsonLine, logfmtLine, type Logger, type LogLevel, type LogOptions } from '../src/log.js';
import { Secret } from '../src/secret.js';

/** What a logger writes to stderr; nothing may go to stdout. */
async function written(options: Partial<LogOptions>, act: (log: Logger) => void): Promise<string> {
  let text = '';
  const take = sinon.stub(process.stderr, 'write').callsFake((chunk) => {
    text += String(chunk);
    return true;
  });
  const out = sinon.spy(process.stdout, 'write');
  try {
    act(createLogger({ level: 'debug', format: 'logfmt', ...options }));
    await new Promise((resolve) => setImmediate(resolve));
    sinon.assert.notCalled(out);
    return text;
  } finally {
    take.restore();
    out.restore();
  }
}

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe('the log', () => {
  it('is one line of logfmt for each call, on stderr', async () => {
    const text = await written({}, (log) => log.info('domain is well', { domain: 'acme', count: 2, open: null }));
    expect(text).to.match(
      /^ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=info msg="domain is well" domain=acme count=2 open=null\n$/,
    );
  });

  it('is one JSON object a line when it is told so', async () => {
    const text = await written({ format: 'json' }, (log) => {
      log.warn('a', { domain: 'acme', count: 2 });
      log.error('b');
    });
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => ({ ...line, ts: typeof line['ts'] }))).to.deep.equal([
      { ts: 'string', level: 'warn', msg: 'a', domain: 'acme', count: 2 },
      { ts: 'string', level: 'error', msg: 'b' },
    ]);
  });

  it('leaves lines out while it is full, and says how many once it is not', async () => {
    let full = false;
    const text = await written({ level: 'info', isFull: () => full }, (log) => {
      log.info('a');
      full = true;
      for (const at of ['error', 'warn', 'info', 'debug'] as const) log[at]('b');
      full = false;
      log.error('c');
      log.info('d');
    });
    const said = [...text.matchAll(/level=(\w+) msg=(\w|"[^"]*")(?: lines=(\d+))?\n/g)];
    expect(said.map(([, ...parts]) => parts)).to.deep.equal([
      ['info', 'a', undefined],
      ['warn', '"nobody read the log: lines are missing here"', '3'],
      ['error', 'c', undefined],
      ['info', 'd', undefined],
    ]);
  });

  const levels: LogLevel[] = ['error', 'warn', 'info', 'debug'];
  for (const [i, level] of levels.entries()) {
    it(`at ${level} holds ${levels.slice(0, i + 1).join(', ')}`, async () => {
      const text = await written({ level, format: 'json' }, (log) => {
        for (const at of levels) log[at](at);
      });
      const seen = text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { level: string }).level);
      expect(seen).to.deep.equal(levels.slice(0, i + 1));
    });
  }

  for (const format of ['logfmt', 'json'] as const) {
    describe(`in ${format}`, () => {
      it('escapes what a file or a cloud smuggles in, in messages and fields', async () => {
        const text = await written({ format }, (log) => log.info('a\nb\u001b[31m', { domain: 'x\u202ey\r' }));
        expect(text.trimEnd()).not.to.match(UNSAFE);
        expect(text).to.contain('u000a').and.to.contain('u001b').and.to.contain('u202e').and.to.contain('u000d');
      });

      it('keeps the fields of a message with per cent signs', async () => {
        const text = await written({ format }, (log) => log.info('/etc/100%data%s%j.txt is back', { count: 2 }));
        expect(text)
          .to.contain('/etc/100%data%s%j.txt is back')
          .and.to.match(/"?count"?[=:]2/);
      });

      it('keeps message and level apart from fields of these names', async () => {
        const fields = { message: 'other', level: 'error', splat: 'x' };
        const text = await written({ format }, (log) => log.info('mine', fields));
        expect(text)
          .to.match(/"?level"?[=:]"?info/)
          .and.to.match(/"?msg"?[=:]"?mine"?[ ,}\n]/);
      });

      it('has a line for a field without a value too', async () => {
        const text = await written({ format }, (log) => log.info('mine', { stack: undefined, after: 1 }));
        expect(text)
          .to.contain('mine')
          .and.to.match(/"?after"?[=:]1/);
      });

      it('shows no secret', async () => {
        const text = await written({ format }, (log) => log.info('mine', { password: new Secret('hunter2') }));
        expect(text).to.contain('<secret>').and.not.contain('hunter2');
      });
    });
  }
});

describe('logfmtLine', () => {
  const table: [value: unknown, text: string][] = [
    ['plain', 'a=plain'],
    ['', 'a=""'],
    ['two words', 'a="two words"'],
    ['a=b', 'a="a=b"'],
    ['say "hi"', 'a="say \\"hi\\""'],
    ['back\\slash', 'a=back\\slash'],
    ['back \\slash', 'a="back \\\\slash"'],
    [7, 'a=7'],
    [true, 'a=true'],
    [null, 'a=null'],
    [['x', 'y z'], 'a="[\\"x\\",\\"y z\\"]"'],
    [{ x: 1 }, 'a="{\\"x\\":1}"'],
  ];
  for (const [value, text] of table) {
    it(`writes ${JSON.stringify(value)} as ${text}`, () => {
      expect(logfmtLine({ a: value })).to.equal(text);
    });
  }

  it('can be read back to the printable text of each field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii' }), (a, b) => {
        const line = logfmtLine({ a, b, end: 1 });
        expect(line).not.to.match(UNSAFE);
        expect(line).to.match(/^a=(?:[^\s"=]+|"(?:[^"\\]|\\["\\])*") b=(?:[^\s"=]+|"(?:[^"\\]|\\["\\])*") end=1$/u);
      }),
    );
  });
});

describe('jsonLine', () => {
  it('is JSON without anything unprintable, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (text, value) => {
        const line = jsonLine({ text, list: [text], nested: { text }, value });
        expect(JSON.parse(line)).to.have.keys('text', 'list', 'nested', 'value');
        expect(jsonLine({ text, list: [text], nested: { text } })).not.to.match(UNSAFE);
      }),
    );
  });
});
