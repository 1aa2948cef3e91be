import type { Cloud, Domain } from '../../src/domains/domain.js';
import type { DomainList } from '../../src/domains/list.js';
import { Secret } from '../../src/secret.js';

const CLOUD: Cloud = {
  authUrl: 'http://127.0.0.1:5000/v3',
  region: null,
  interface: 'public',
  computeUrl: null,
  caFile: null,
  insecure: false,
};

/** A line of domains.txt: label and id alike, unless told otherwise. */
export function makeDomain(
  label: string,
  change: Partial<Omit<Domain, 'cloud'>> & { cloud?: Partial<Cloud> } = {},
): Domain {
  const { cloud, ...rest } = change;
  return {
    line: 1,
    id: label,
    label,
    credential: {
      kind: 'password',
      user: 'boss',
      password: { kind: 'inline', secret: new Secret('right') },
      project: 'main',
    },
    disabledProjects: 'error',
    ...rest,
    cloud: { ...CLOUD, ...cloud },
  };
}

let revision = 0;

export function makeList(domains: readonly Domain[], problems: DomainList['problems'] = []): DomainList {
  revision += 1;
  return { domains, problems, revision };
}
