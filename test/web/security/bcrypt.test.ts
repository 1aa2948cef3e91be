import { hashSync } from 'bcryptjs';
import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { Bcrypt } from '../../../src/web/security/bcrypt.js';

/** As it was built: a thread can't run TypeScript. */
const WORKER = new URL('../../../dist/web/security/bcrypt-worker.js', import.meta.url);

const scripted = (code: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads';${code}`)}`);

describe('the thread that compares passwords', () => {
  let bcrypt: Bcrypt;
  const start = (url = WORKER): Bcrypt => (bcrypt = new Bcrypt(url));
  before(() => expect(existsSync(WORKER), 'npm run build makes it').to.equal(true));
  afterEach(() => bcrypt.close());

  const failure = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      (value) => `no failure but ${String(value)}`,
      (error: unknown) => (error as Error).message,
    );

  for (const prefix of ['$2$', '$2a$', '$2b$', '$2x$', '$2y$']) {
    it(`knows right from wrong by a hash that begins with ${prefix}`, async () => {
      start();
      // The digest of $2$ is another: no zero byte ends the password.
      const made = hashSync('right-Horse-7', `${prefix === '$2$' ? '$2$' : '$2b$'}04$abcdefghijklmnopqrstuu`);
      const hash = made.replace(/^\$2b?\$/, prefix);
      expect(await bcrypt.compare('right-Horse-7', hash)).to.equal(true);
      expect(await bcrypt.compare('right-Horse-8', hash)).to.equal(false);
      expect(await bcrypt.compare('', hash)).to.equal(false);
    });
  }

  it('agrees with a hash that another program made', async () => {
    start();
    const made = '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    expect(await bcrypt.compare('U*U', made)).to.equal(true);
    expect(await bcrypt.compare('U*V', made)).to.equal(false);
  });

  it('does not hold up the program meanwhile', async () => {
    start();
    const hash = hashSync('x', 10);
    let turns = 0;
    const state = { done: false };
    const verdict = bcrypt.compare('y', hash).finally(() => (state.done = true));
    while (!state.done) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await verdict).to.equal(false);
    expect(turns).to.be.greaterThan(20);
  });

  it('lets nobody in when it dies over a password, and is started anew', async () => {
    // Dies of the first message it gets, in each of its lives; else it says yes.
    start(
      scripted(
        `parentPort.on('message', ({ password }) => password === 'die' ? process.exit(3) : parentPort.postMessage(true));`,
      ),
    );
    expect(await bcrypt.compare('a', '$2b$')).to.equal(true);
    expect(await failure(bcrypt.compare('die', '$2b$'))).to.equal('the thread that compares passwords has ended');
    expect(await bcrypt.compare('a', '$2b$')).to.equal(true);
  });

  it('lets nobody in when it throws, and is started anew', async () => {
    start(
      scripted(
        `parentPort.on('message', ({ password }) => { if (password === 'die') throw new Error(password); parentPort.postMessage(true); });`,
      ),
    );
    expect(await failure(bcrypt.compare('die', '$2b$'))).to.equal('the thread that compares passwords has ended');
    expect(await bcrypt.compare('a', '$2b$')).to.equal(true);
  });

  it('lets nobody in when it can’t be started', async () => {
    start(new URL('./no-such-worker.js', import.meta.url));
    expect(await failure(bcrypt.compare('a', '$2b$'))).to.equal('the thread that compares passwords has ended');
  });

  it('takes nothing but true for a yes', async () => {
    start(scripted(`parentPort.on('message', () => parentPort.postMessage('false'));`));
    expect(await bcrypt.compare('a', '$2b$')).to.equal(false);
  });

  it('ends when it is closed, also over a password, and compares no more', async () => {
    start(scripted(`parentPort.on('message', () => { for (;;); });`));
    const verdict = failure(bcrypt.compare('a', '$2b$'));
    await bcrypt.close();
    expect(await verdict).to.equal('the thread that compares passwords has ended');
    expect(await failure(bcrypt.compare('a', '$2b$'))).to.equal('the exporter is closing');
  });

  it('sees nothing of the environment', async () => {
    process.env['VHI_TEST_SECRET'] = 'x';
    start(scripted(`parentPort.on('message', () => parentPort.postMessage(Object.keys(process.env).length === 0));`));
    expect(await bcrypt.compare('a', '$2b$')).to.equal(true);
    delete process.env['VHI_TEST_SECRET'];
  });
});
