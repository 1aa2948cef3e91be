import fc from 'fast-check';

/* Right answers of the cloud, and ways to spoil them. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const ISSUED = '2026-11-22T04:30:00.000000Z';

/** What each parser is meant for, as the services write it. */
export const RIGHT: Record<'token' | 'projects' | 'servers' | 'limits', Json> = {
  token: {
    token: {
      methods: ['password'],
      user: { domain: { id: 'd1', name: 'acme' }, id: 'u1', name: 'boss' },
      expires_at: '2026-11-22T05:30:00.000000Z',
      issued_at: ISSUED,
      project: { domain: { id: 'd1', name: 'acme' }, id: 'p1', name: 'main' },
      catalog: [
        { type: 'image', name: 'glance', endpoints: [] },
        {
          type: 'compute',
          name: 'nova',
          endpoints: [
            { interface: 'public', region: 'R1', region_id: 'R1', url: 'https://nova.example:8774/v2.1' },
            { interface: 'internal', region: 'R1', region_id: 'R1', url: 'http://10.0.0.1:8774/v2.1' },
          ],
        },
      ],
    },
  },
  projects: {
    projects: [
      { id: 'p1', name: 'main', domain_id: 'd1', enabled: true, is_domain: false, tags: [] },
      { id: 'p2', name: 'side', domain_id: 'd1', enabled: false, is_domain: false, tags: [] },
    ],
    links: { next: 'https://keystone.example/v3/projects?marker=p2&limit=2', self: 'x', previous: null },
    truncated: false,
  },
  servers: {
    servers: [
      {
        id: 's1',
        tenant_id: 'p1',
        status: 'ACTIVE',
        flavor: { vcpus: 4, ram: 8192, disk: 10, original_name: 'm1' },
        'OS-SRV-USG:launched_at': ISSUED,
      },
      { id: 's2', tenant_id: 'p1', status: 'ERROR', flavor: { vcpus: 2, ram: 512 }, 'OS-SRV-USG:launched_at': null },
      { id: 's3', tenant_id: 'p2', status: 'UNKNOWN', created: ISSUED },
    ],
    servers_links: [{ rel: 'next', href: 'https://nova.example/v2.1/servers/detail?limit=3&marker=s3' }],
  },
  limits: { limits: { rate: [], absolute: { maxTotalCores: -1, totalCoresUsed: 6, totalRAMUsed: 8704 } } },
};

/** Any JSON, with a liking for values that are almost right. */
export const anyJson: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 0, -0, -1, 1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 31), 1e308, '', '7', 'null'),
  fc.constantFrom<Json>(
    [],
    {},
    [null],
    [[]],
    { vcpus: 1 },
    { id: 'p1' },
    '9999-12-31T23:59:59Z',
    'http://[',
    'x?marker=y',
  ),
  fc.jsonValue().map((value) => value as Json),
);

interface Step {
  /** Which of the answer's fields, counted through. */
  at: number;
  how: 'replace' | 'remove' | 'double' | 'rename' | 'swap';
  value: Json;
}

const step: fc.Arbitrary<Step> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom('replace', 'remove', 'double', 'rename', 'swap'),
  value: anyJson,
});

function* fields(value: Json): Generator<{ holder: Json[] | Record<string, Json>; key: string }> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield { holder: value, key };
    yield* fields(inner);
  }
}

function apply(root: Json, { at, how, value }: Step): void {
  const all = [...fields(root)];
  const place = all[at % Math.max(1, all.length)];
  if (!place) return;
  const { holder, key } = place;
  const other = all[(at * 7 + 3) % all.length];
  const own = (holder as Record<string, Json>)[key] ?? null;
  if (how === 'remove') {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else Reflect.deleteProperty(holder, key);
  } else if (how === 'double' && Array.isArray(holder)) holder.push(structuredClone(own));
  else if (how === 'rename' && !Array.isArray(holder)) Object.assign(holder, { [`${key}_`]: own });
  else if (how === 'swap' && other)
    Object.assign(holder, { [key]: structuredClone((other.holder as Record<string, Json>)[other.key] ?? null) });
  else Object.assign(holder, { [key]: structuredClone(value) });
}

/** The answer, spoilt in up to four places; or any JSON in its stead. */
export function spoilt(right: Json): fc.Arbitrary<Json> {
  const changed = fc.array(step, { maxLength: 4 }).map((steps) => {
    const copy = structuredClone(right);
    for (const one of steps) apply(copy, one);
    return copy;
  });
  return fc.oneof({ weight: 9, arbitrary: changed }, { weight: 1, arbitrary: anyJson });
}
