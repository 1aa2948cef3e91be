import { expect } from 'chai';

import { strangerLines, strangerWatch } from '../../src/tariffs/strangers.js';
import { RecordingLog } from '../domains/samples.js';
import { book } from '../rating/helpers.js';

const ACME = { label: 'acme', id: 'd1' };
const GLOBEX = { label: 'globex', id: 'globex' };
const HEAD = 'currency: EUR';
const VCPU = 'name: vCPU, resource: vcpu, price: "1", per: hour';

const lines = (tariffs: string[], domains = [ACME, GLOBEX]): string[] =>
  strangerLines('t.yml', book(HEAD, ...tariffs), domains);

describe('strangerLines', () => {
  it('has nothing to say of tariffs for all, for a domain by its name or its id, and for a project', () => {
    expect(lines([VCPU, `${VCPU}, domain: acme`, `${VCPU}, domain: globex`, `${VCPU}, project: p1`])).to.be.empty;
    expect(lines([VCPU, `${VCPU}, domain: d1`])).to.be.empty;
  });

  it('tells each tariff of a domain that there is not by its line, and whom it most likely meant', () => {
    const nobody = 'is no name or id in the domains file, so that this tariff is for nobody';
    expect(
      lines([VCPU, `${VCPU}, domain: acne`, `${VCPU}, domain: zzzzzzzz, project: p1`, `${VCPU}, domain: Acme`]),
    ).to.deep.equal([
      `t.yml:4: domain: "acne" ${nobody}: did you mean acme?`,
      `t.yml:5: domain: "zzzzzzzz" ${nobody}: give one that is`,
      `t.yml:6: domain: "Acme" ${nobody}: did you mean acme?`,
    ]);
    expect(lines([`${VCPU}, domain: acme`], [])).to.have.length(1);
  });

  it('tells a domain that has a tariff by its name and another by its id at one time', () => {
    const found = lines([
      `${VCPU}, domain: acme, start: 2026-06-01`,
      `${VCPU}, domain: d1, end: 2026-06-01`,
      'name: RAM, resource: ram_gb, price: "1", per: hour, domain: d1',
    ]);
    expect(found).to.deep.equal([
      't.yml:4: overlaps with line 3: both are for vcpu of domain acme, and in force at 2026-06-01T00:00:00+00:00; ' +
        'end one before the other starts; until then the one by its name holds',
    ]);
  });

  it('tells a word that is the name of one domain and the id of another', () => {
    const domains = [ACME, { label: 'd1', id: 'd2' }];
    expect(lines([`${VCPU}, domain: d1`], domains)).to.deep.equal([
      't.yml:3: domain: "d1" is the name of one domain and the id of another, and this tariff is for both: write it for each',
    ]);
    expect(lines([`${VCPU}, domain: acme`, `${VCPU}, domain: d2`], domains)).to.be.empty;
  });

  it('lets one of several lines with the same id have its own, by name', () => {
    for (const first of ['d1', 'acme'])
      expect(
        lines(
          [`${VCPU}, domain: d1`, `${VCPU}, domain: north`],
          [
            { label: first, id: 'd1' },
            { label: 'north', id: 'd1' },
          ],
        ),
      ).to.be.empty;
  });

  it('lets them follow each other, differ in the flavor, or be of a project', () => {
    const server = 'name: s, resource: server, price: "1", per: hour';
    for (const pair of [
      [`${VCPU}, domain: acme, start: 2026-06-02`, `${VCPU}, domain: d1, end: 2026-06-01`],
      [`${server}, domain: acme, flavor: a`, `${server}, domain: d1, flavor: b`],
      [`${VCPU}, domain: acme, project: p1`, `${VCPU}, domain: d1, project: p2`],
    ])
      expect(lines(pair)).to.be.empty;
  });

  it('shows twenty of many, and no more than a part of a long name', () => {
    const found = lines(Array.from({ length: 30 }, (_, i) => `${VCPU}, domain: ${'x'.repeat(200)}${i}`));
    expect(found).to.have.length(21);
    expect(found.at(-1)).to.equal('t.yml: and 10 more tariffs');
    expect(found[0]!.length).to.be.below(250);
  });
});

describe('strangerWatch', () => {
  it('warns when these tariffs are others than before, and tells when there are none any more', () => {
    const log = new RecordingLog();
    const note = strangerWatch('t.yml', log);
    const told = (tariff: string, domains = [ACME]): number => {
      log.lines.length = 0;
      note(book(HEAD, tariff), domains);
      return log.lines.length;
    };
    expect(told(`${VCPU}, domain: acme`)).to.equal(0);
    expect(told(`${VCPU}, domain: globex`)).to.equal(1);
    expect(log.lines[0]).to.match(/^warn t\.yml:3: domain: "globex" is no name or id/);
    expect(told(`${VCPU}, domain: globex, price: "2"`.replace('price: "1", ', ''))).to.equal(0);
    expect(told(`${VCPU}, domain: globex`, [ACME, GLOBEX])).to.equal(1);
    expect(log.lines).to.deep.equal(['info t.yml: the domains of all tariffs are in the domains file now']);
    expect(told(`${VCPU}, domain: globex`, [ACME])).to.equal(1);
  });
});
