import { mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { SettingError } from '../../src/errors.js';
import { openTariffsFile, readTariffsFile, TariffsKeeper, type TariffsFile } from '../../src/tariffs/file.js';
import type { Reading } from '../../src/watch/read.js';
import { RecordingLog } from '../domains/samples.js';
import { until } from '../helpers/program.js';

const LOST: Reading = { kind: 'lost', why: 'does not exist' };

const bytes = (content: string | Buffer): Reading => ({ kind: 'bytes', bytes: Buffer.from(content), mode: 0o100644 });

/** A file with one tariff. */
const text = (price: string, currency = 'EUR'): string =>
  `currency: ${currency}\ntariffs:\n  - name: vCPU\n    resource: vcpu\n    price: "${price}"\n    per: hour\n`;

const BAD = 'currency: EUR\ntariffs:\n  - {name: vCPU, resource: vcpu, price: "-1", per: hour}\n';
const NEGATIVE = 'price: "-1" is negative: write a decimal such as "150.50"';

describe('TariffsKeeper', () => {
  let log: RecordingLog;

  beforeEach(() => {
    log = new RecordingLog();
  });

  const keep = (first: Reading, path = 't.yml'): TariffsKeeper =>
    new TariffsKeeper(path, first, { zone: 'Asia/Jakarta', log });
  const priceOf = ({ state }: TariffsKeeper): string | undefined => state.book.tariffs[0]?.price;

  it('starts with what the file holds', () => {
    const keeper = keep(bytes(text('1.5')));
    expect(keeper.state.lastReloadSuccessful).to.be.true;
    expect([priceOf(keeper), keeper.failure]).to.deep.equal(['1.5', null]);
    expect(log.lines).to.deep.equal(['info t.yml loaded {"tariffs":1,"currency":"EUR"}']);
  });

  it('takes the zone of the settings for a file that names none', () => {
    expect(keep(bytes(text('1'))).state.book.timezone).to.equal('Asia/Jakarta');
    expect(keep(bytes(`timezone: Europe/Paris\n${text('1')}`)).state.book.timezone).to.equal('Europe/Paris');
  });

  it('reads a file with a byte order mark and carriage returns as one without', () => {
    const plain = keep(bytes(text('1'))).state;
    expect(keep(bytes(`\ufeff${text('1').replaceAll('\n', '\r\n')}`)).state).to.deep.equal(plain);
  });

  it('takes over a change as a new state', () => {
    const keeper = keep(bytes(text('1')));
    const before = keeper.state;
    keeper.update(bytes(text('2', 'IDR')));
    expect([priceOf(keeper), before.book.tariffs[0]?.price]).to.deep.equal(['2', '1']);
    expect(log.lines.at(-1)).to.equal('info t.yml reloaded {"tariffs":1,"currency":"IDR"}');
  });

  const refused: [what: string, reading: Reading, why: string, problems: string[]][] = [
    ['that is gone', LOST, 'does not exist', []],
    ['that is not UTF-8', bytes(Buffer.from([0xff])), 'is not UTF-8, save it in that encoding', []],
    ['that is over 1 MiB', bytes(`${text('1')}#${' '.repeat(2 ** 20)}`), 'is larger than 1 MiB', []],
    [
      'that is empty',
      bytes(''),
      'holds 2 problems',
      [
        '1: currency: is missing: write a currency of ISO 4217 such as EUR',
        '1: tariffs: is missing: write a list of tariffs',
      ],
    ],
    ['with a bad tariff', bytes(BAD), 'holds 1 problem', [`3: ${NEGATIVE}`]],
    [
      'with a tariff that is good and one that is not',
      bytes(`${text('2')}  - {name: RAM, resource: ram, price: "1", per: hour}\n`),
      'holds 1 problem',
      ['7: resource: "ram" is none of vcpu, ram_gb, server'],
    ],
  ];
  for (const [what, reading, why, problems] of refused) {
    it(`does not start with a file ${what}`, () => {
      const message = [`--tariffs.file: t.yml ${why}`, ...problems.map((line) => `t.yml:${line}`)].join('\n');
      expect(() => keep(reading))
        .to.throw(SettingError)
        .with.property('message', message);
      expect(log.lines).to.deep.equal([]);
    });

    it(`keeps the last good tariffs for a file ${what}, until one is good again`, () => {
      const keeper = keep(bytes(text('1')));
      const { book } = keeper.state;
      keeper.update(reading);
      expect(keeper.state).to.deep.equal({ book, lastReloadSuccessful: false });
      expect(keeper.state.book).to.equal(book);
      const [first] = problems;
      const told = first === undefined ? '' : `, the first is line ${first}`;
      expect(keeper.failure).to.equal(`${why}${told}; the last good tariffs stay in force`);
      expect(log.lines.slice(1)).to.deep.equal([
        `warn t.yml ${why}; the last good tariffs stay in force {"tariffs":1,"currency":"EUR"}`,
        ...problems.map((line) => `warn t.yml:${line}`),
      ]);
      keeper.update(bytes(text('1')));
      expect([keeper.state.lastReloadSuccessful, keeper.failure]).to.deep.equal([true, null]);
    });
  }

  it('tells no more than twenty problems one by one', () => {
    const many = `currency: EUR\ntariffs:\n${'  - {}\n'.repeat(6)}`;
    expect(() => keep(bytes(many))).to.throw(
      SettingError,
      /holds 24 problems\n(?:t\.yml:\d: .*\n){20}t\.yml: and 4 more problems$/,
    );
  });

  it('shows neither passwords of URLs nor what would spoil the log, of the path and of values', () => {
    const url = 'https://boss:hunter2@h.example';
    const twice = `  - {name: "${url}", resource: server, price: "1", per: hour, flavor: "${url}", domain: "${url}"}\n`;
    const keys = ['currency', 'timezone', 'price', 'per', 'resource', 'start', 'domain'];
    const lines = keys.map((key) => `    ${key}: "\\u001b${url}"\n`).join('');
    const texts = [`currency: EUR\ntariffs:\n${twice}${twice}`, `currency: ${url}\ntariffs:\n  - name: x\n${lines}`];
    for (const bad of texts) {
      expect(() => keep(bytes(bad), `a\nb${url}`))
        .to.throw(SettingError)
        .with.property('message')
        .that.matches(/^--tariffs\.file: a\\u000abhttps:\/\/<secret>@h\.example holds \d+ problems?\n/)
        .and.not.match(/boss|hunter2|\p{Cc}(?<!\n)/u);
    }
  });
});

describe('openTariffsFile', () => {
  let folder: string;
  let path: string;
  let log: RecordingLog;
  let file: TariffsFile | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vhi-tariffs-'));
    path = join(folder, 'tariffs.yml');
    log = new RecordingLog();
    await writeFile(path, text('1'));
  });
  afterEach(async () => {
    await file?.close();
    file = undefined;
    await rm(folder, { recursive: true });
  });

  const open = async (): Promise<TariffsFile> => (file = await openTariffsFile(path, { zone: 'UTC', log }));
  const comes = (price: string): Promise<boolean> =>
    until(`a price of ${price}`, 10_000, () => file!.current().book.tariffs[0]?.price === price);

  it('follows edits in place and files that are renamed over it', async () => {
    await open();
    await writeFile(path, text('2'));
    await comes('2');
    await writeFile(`${path}~`, text('3'));
    await rename(`${path}~`, path);
    await comes('3');
  });

  it('is read at once when asked to, and says what could not be taken over, without its path', async () => {
    await open();
    const failure = (): Promise<string> =>
      file!.reload().then(
        () => 'none',
        (error: unknown) => (error as Error).message,
      );
    await writeFile(path, BAD);
    expect(await failure()).to.equal(
      `the tariffs file holds 1 problem, the first is line 3: ${NEGATIVE}; the last good tariffs stay in force`,
    );
    await unlink(path);
    expect(await failure()).to.equal('the tariffs file does not exist; the last good tariffs stay in force');
    await writeFile(path, text('2'));
    expect(await failure()).to.equal('none');
    expect(file!.current().book.tariffs[0]?.price).to.equal('2');
  });

  it('does not start with a bad file, followed or read once', async () => {
    await writeFile(path, BAD);
    for (const read of [openTariffsFile, readTariffsFile]) {
      const error: unknown = await read(path, { zone: 'UTC', log }).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(SettingError);
      expect((error as Error).message).to.equal(`--tariffs.file: ${path} holds 1 problem\n${path}:3: ${NEGATIVE}`);
    }
  });
});
