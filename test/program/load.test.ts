import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { until } from '../helpers/program.js';
import { together } from '../helpers/together.js';
import { soak, soakText } from '../soak/run.js';
import { worldOf, withRig, type Rig } from './rig.js';

const LIMIT = 4;
const LONG_MS = 30_000;
/** Far beyond what any test of these takes. */
const PATIENT = { timeout: 60 };

/** A bare connection to the daemon. */
class Bare {
  readonly socket: Socket;
  heard = '';

  constructor(url: string, { text = '', reads = true } = {}) {
    this.socket = connect(Number(new URL(url).port), '127.0.0.1');
    // How it is closed, in order or by a reset, is the daemon's choice.
    this.socket.on('error', () => undefined);
    this.socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.heard += chunk;
      // No more than the first bytes, which tell that it is being answered.
      if (!reads) this.socket.pause();
    });
    this.socket.write(text, 'latin1');
  }

  get isClosed(): boolean {
    return this.socket.closed;
  }
}

const HEAD = 'Host: 127.0.0.1\r\n';
const CLIENT_HELLO = '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03' + 'r'.repeat(160);

/** What is sent, and what the first answer to it begins with; null: nothing but the end of the connection. */
const JUNK: Record<string, [text: string, answer: string | null]> = {
  'headers of 100 KB': [`GET /metrics HTTP/1.1\r\n${HEAD}X: ${'x'.repeat(100_000)}\r\n\r\n`, '431'],
  '9,000 headers': [`GET /metrics HTTP/1.1\r\n${HEAD}${'X: y\r\n'.repeat(9000)}\r\n`, '431'],
  'a URL of 100 KB': [`GET /${'u'.repeat(100_000)} HTTP/1.1\r\n${HEAD}\r\n`, '431'],
  'a URL of 10 KB': [`GET /${'u'.repeat(10_000)} HTTP/1.1\r\n${HEAD}\r\n`, '404'],
  'a path that cannot be decoded': [`GET /%E0%A4%A HTTP/1.1\r\n${HEAD}\r\n`, '404'],
  'a path of another one above it': [`GET /../../etc/passwd HTTP/1.1\r\n${HEAD}\r\n`, '404'],
  'a method that HTTP has, but not this page': [`PROPFIND /metrics HTTP/1.1\r\n${HEAD}\r\n`, '405'],
  'a method that nobody has': [`BREW /metrics HTTP/1.1\r\n${HEAD}\r\n`, '400'],
  CONNECT: [`CONNECT 127.0.0.1:22 HTTP/1.1\r\n${HEAD}\r\n`, null],
  'OPTIONS *': [`OPTIONS * HTTP/1.1\r\n${HEAD}\r\n`, '404'],
  'an upgrade': [`GET /-/healthy HTTP/1.1\r\n${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, '200'],
  'no Host': ['GET /metrics HTTP/1.1\r\n\r\n', '400'],
  'another version': [`GET /metrics HTTP/9.9\r\n${HEAD}\r\n`, '400'],
  'two lengths': [`POST /metrics HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, '400'],
  'a length and chunks': [
    `POST /metrics HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    '400',
  ],
  'a chunk of no number': [`POST /metrics HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n`, '405'],
  'a null byte in a header': [`GET /metrics HTTP/1.1\r\n${HEAD}X: a\0b\r\n\r\n`, '400'],
  'a timeout that is no number': [
    `GET /-/healthy HTTP/1.1\r\n${HEAD}X-Prometheus-Scrape-Timeout-Seconds: 1e999\r\n\r\n`,
    '200',
  ],
  'a TLS hello': [CLIENT_HELLO, '400'],
  'bytes of no meaning': ['\0\xff\xfe\x80'.repeat(1000), '400'],
  'a request, then junk in the same packet': [`GET /-/healthy HTTP/1.1\r\n${HEAD}\r\n\xff\xff\xff\r\n\r\n`, '200'],
  'a request, then the start of HTTP/2': [
    `GET /-/healthy HTTP/1.1\r\n${HEAD}\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    '200',
  ],
};

const domains = (count: number, projects = [1, 2]) =>
  worldOf(...Array.from({ length: count }, (_, i) => ({ name: `d-${i}`, projects })));

async function expectWell(rig: Rig, vcpus: number): Promise<void> {
  const page = await rig.metrics(PATIENT);
  expect(page.complete).to.equal(1);
  expect(page.get('vhi_total_vcpus_in_use')).to.equal(vcpus);
}

describe('The real program under load', () => {
  together(3, {
    '50 scrapers at once bring about one collection, whenever they leave and however long they wait': async () => {
      const args = [`--collect.request-concurrency=${LIMIT}`];
      await withRig({ world: domains(8), args, cloud: { latencyMs: 5 } }, async (rig) => {
        await rig.metrics(PATIENT);
        rig.takeCalls();
        await rig.metrics(PATIENT);
        const alone = rig.takeCalls().length;

        const end = rig.simulator.faults.add({ kind: 'slow', ms: 150, route: 'servers' });
        const leavers = Array.from({ length: 15 }, () => new AbortController());
        const gone = leavers.map(({ signal }) =>
          rig.metrics({ signal }).catch((error: unknown) => (error as Error).name),
        );
        const stay = Array.from({ length: 35 }, (_, i) => rig.metrics({ timeout: 50 + i }));
        await until('the limit', LONG_MS, () => rig.simulator.inFlight === LIMIT);
        for (const leaver of leavers) leaver.abort();
        expect(new Set(await Promise.all(gone))).to.deep.equal(new Set(['AbortError']));
        for (const page of await Promise.all(stay)) {
          expect(page.complete).to.equal(1);
          expect(page.get('vhi_total_vcpus_in_use')).to.equal(24);
        }
        expect(rig.takeCalls()).to.have.length(alone);
        expect(rig.simulator.peakInFlight).to.be.at.most(LIMIT);

        end();
        rig.simulator.faults.add({ kind: 'hang', route: 'servers' });
        const cut = await Promise.all(Array.from({ length: 50 }, (_, i) => rig.metrics({ timeout: 0.2 + i / 50 })));
        expect(new Set(cut.map(({ complete }) => complete))).to.deep.equal(new Set([0]));
        expect(rig.simulator.peakInFlight).to.be.at.most(LIMIT);
        await until('nothing in flight', LONG_MS, () => rig.simulator.inFlight === 0);
        rig.simulator.faults.clear();
        await expectWell(rig, 24);
      });
    },

    'with --collect.min-interval, scrapers one after the other bring about one collection': async () => {
      await withRig({ world: domains(2), args: ['--collect.min-interval=5m'] }, async (rig) => {
        await expectWell(rig, 6);
        const calls = rig.takeCalls().length;
        expect(calls).to.be.above(0);
        for (let i = 0; i < 20; i += 1) await expectWell(rig, 6);
        const { collectedAt } = await rig.snapshot(PATIENT);
        expect(rig.takeCalls()).to.deep.equal([]);
        const response = await fetch(`${rig.url}/metrics`);
        expect(Number(response.headers.get('age'))).to.be.within(0, 300);
        expect(await response.text()).to.contain(`vhi_snapshot_timestamp_seconds ${Date.parse(collectedAt) / 1000}\n`);
      });
    },

    'junk is refused, and nobody else notices': async () => {
      await withRig({ world: domains(2) }, async (rig) => {
        for (let round = 0; round < 3; round += 1) {
          const sent = Object.entries(JUNK).map(([what, [text, answer]]) => ({
            what,
            answer,
            client: new Bare(rig.url, { text }),
          }));
          const scrape = expectWell(rig, 6);
          for (const { what, answer, client } of sent) {
            if (answer === null) await until(`the end after ${what}`, LONG_MS, () => client.isClosed);
            else await until(`an answer to ${what}`, LONG_MS, () => client.heard.includes('\r\n'));
            expect(client.heard.split(' ')[1] ?? null, what).to.equal(answer);
            client.socket.destroy();
          }
          await scrape;
        }
        expect(rig.program.stderr).not.to.match(/level=(error|warn)|Warning/);
      });
    },

    'silent, half-open, dribbling and flooding clients hold up no scrape, and are cut off': async () => {
      await withRig({ world: domains(2) }, async (rig) => {
        await expectWell(rig, 6);
        const silent = Array.from({ length: 1000 }, () => new Bare(rig.url));
        const halves = Array.from(
          { length: 50 },
          () => new Bare(rig.url, { text: `GET /metrics HTTP/1.1\r\n${HEAD}` }),
        );
        const dribble = setInterval(() => {
          for (const { socket, isClosed } of halves) if (!isClosed) socket.write('X-Slow: 1\r\n');
        }, 500);
        const text = `GET /metrics HTTP/1.1\r\n${HEAD}\r\n`.repeat(5000);
        const floods = Array.from({ length: 5 }, () => new Bare(rig.url, { text }));
        const all = [...silent, ...halves, ...floods];
        try {
          for (let i = 0; i < 5; i += 1) await expectWell(rig, 6);
          await until('the end of all these', LONG_MS, () => all.every(({ isClosed }) => isClosed));
          for (const { heard } of floods) expect(heard.split('HTTP/1.1 ')).to.have.length.at.most(1 + 16);
          await expectWell(rig, 6);
          expect(rig.program.stderr).not.to.match(/level=(error|warn)|Warning/);
        } finally {
          clearInterval(dribble);
          for (const { socket } of all) socket.destroy();
        }
      });
    },

    'clients that do not read their large pages hold up no scrape, and are cut off': async () => {
      // A long name makes a large page, so that what is unread is many times the 64 MiB that may be.
      const world = worldOf({ name: 'd'.repeat(1500), projects: [1, ...Array.from({ length: 299 }, () => 0)] });
      await withRig({ world, args: ['--collect.projects', '--collect.min-interval=5m'] }, async (rig) => {
        await expectWell(rig, 1);
        const { text: page } = await rig.metrics(PATIENT);
        expect(page.length).to.be.above(1_500_000);
        const openFiles = async (): Promise<number> => (await rig.metrics(PATIENT)).get('process_open_fds') ?? NaN;
        const before = await openFiles();
        const text = `GET /metrics HTTP/1.1\r\n${HEAD}\r\n`.repeat(16);
        const readers = Array.from({ length: 100 }, () => new Bare(rig.url, { text, reads: false }));
        try {
          for (let i = 0; i < 3; i += 1) await expectWell(rig, 1);
          await until('answers', LONG_MS, () => readers.every(({ heard, isClosed }) => heard !== '' || isClosed));
          await until('the end of most', LONG_MS, async () => (await openFiles()) < before + readers.length / 2);
          await expectWell(rig, 1);
        } finally {
          for (const { socket } of readers) socket.destroy();
        }
      });
    },

    'a short soak leaves no socket, descriptor, memory or series behind': async () => {
      const result = await soak({ scrapes: 400, warm: 200, idleMs: 6000, heapGrowth: 0.25 });
      expect(result.partial).to.be.above(20);
      expect(result.joined).to.be.above(result.left);
      expect(result.leaks, soakText(result)).to.deep.equal([]);
    },
  });
});
