import { expect } from 'chai';
import { computeEndpoint, withProject } from '../../src/openstack/catalog.js';
import { compute, domain, thrown } from './fake.js';

const cloud = (change: object = {}) => ({ ...domain().cloud, ...change });

describe('computeEndpoint', () => {
  const identity = { type: 'identity', endpoints: [{ interface: 'public', url: 'https://k/v3', region: 'R1' }] };
  const two = [identity, compute('https://one/v2.1', 'R1'), compute('https://two/v2.1', 'R2')];

  it('is the only compute endpoint of the catalog, without a slash at its end', () => {
    expect(computeEndpoint([identity, compute('https://one/v2.1/')], cloud())).to.equal('https://one/v2.1');
  });

  it('is the one of the region that was chosen', () => {
    expect(computeEndpoint(two, cloud({ region: 'R2' }))).to.equal('https://two/v2.1');
  });

  it('is config where there are several regions and none was chosen, and names them', () => {
    const error = thrown(() => computeEndpoint(two, cloud()));
    expect(error.reason).to.equal('config');
    expect(error.message).to.contain('R1, R2').and.to.contain('--cloud.region').and.to.contain('region=');
  });

  it('does not ask for a region because of other services or interfaces', () => {
    const catalog = [
      { ...compute('https://image', 'R9'), type: 'image' },
      compute('https://inside', 'R8', 'internal'),
      compute('https://one', 'R1'),
    ];
    expect(computeEndpoint(catalog, cloud())).to.equal('https://one');
  });

  it('is of the interface that was chosen', () => {
    const catalog = [compute('https://outside'), compute('https://inside', 'R1', 'internal')];
    expect(computeEndpoint(catalog, cloud({ interface: 'internal' }))).to.equal('https://inside');
  });

  for (const [what, catalog, change, words] of [
    ['an empty catalog', [], {}, 'public compute endpoint'],
    ['a catalog without the interface', [compute()], { interface: 'admin' }, 'admin compute endpoint'],
    ['a catalog without the region', [compute()], { region: 'R7' }, 'in region R7'],
  ] as const) {
    it(`is not_found with ${what}`, () => {
      const error = thrown(() => computeEndpoint(catalog, cloud(change)));
      expect(error.reason).to.equal('not_found');
      expect(error.message).to.contain(words);
    });
  }

  it('is the one of the settings, whatever the catalog holds', () => {
    expect(computeEndpoint([], cloud({ computeUrl: 'https://mine/v2.1' }))).to.equal('https://mine/v2.1');
    expect(computeEndpoint(two, cloud({ computeUrl: 'https://mine/v2.1' }))).to.equal('https://mine/v2.1');
  });

  for (const url of ['nova', 'file:///etc/passwd', 'https://a:b@nova', 'https://nova/?x=1', '']) {
    it(`is bad_response where the catalog says "${url}"`, () => {
      expect(thrown(() => computeEndpoint([compute(url)], cloud())).reason).to.equal('bad_response');
    });
  }

  it('escapes the names of regions', () => {
    const error = thrown(() =>
      computeEndpoint([compute('https://a', '\u202eR1'), compute('https://b', 'R2')], cloud()),
    );
    expect(error.message).to.contain('\\u202eR1, R2');
  });
});

describe('withProject', () => {
  it('exchanges the project id at the end of an endpoint', () => {
    expect(withProject('https://n/v2.1/home', 'home', 'p2')).to.equal('https://n/v2.1/p2');
    expect(withProject('https://n/v2.1/home', 'home', null)).to.equal('https://n/v2.1');
  });

  it('leaves other endpoints alone', () => {
    for (const url of ['https://n/v2.1', 'https://n/v2.1/myhome', 'https://n/home/v2.1']) {
      expect(withProject(url, 'home', 'p2')).to.equal(url);
      expect(withProject(url, 'home', null)).to.equal(url);
    }
  });
});
