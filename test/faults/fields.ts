import { expect } from 'chai';
import type { Answer } from '../../src/simulator/server.js';
import { Cell } from './cell.js';
import { outcome } from './expected.js';
import { isShared, PLACES, type Place, type StageName } from './places.js';

type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'nothing';

/** What is put in place of a field; a value of the field's own type is none. */
const WRONG = {
  missing: undefined,
  null: null,
  true: true,
  text: 'text',
  number: 7,
  negative: -1,
  fraction: 1.5,
  absurd: 2 ** 31,
  array: [] as unknown[],
  object: {},
} as const;
type Wrong = keyof typeof WRONG;

/** A field that something depends on. */
export interface Field {
  place: Place;
  /** `servers[].flavor.vcpus`: of the first row; empty: the whole answer; `*`: all fields of it that nobody needs, at once. */
  path: string;
  kind: Kind;
  but: Partial<Record<Wrong, string>>;
  /** What any other wrong value comes to. */
  told: string;
}

/** What a wrong type comes to, by stage. */
const TOLD: Record<StageName, string> = {
  login: 'failed login bad_response',
  projects: 'failed projects bad_response',
  rescope: 'partial 5 servers bad_response',
  'first page': 'failed servers bad_response',
  'later page': 'partial 4 servers bad_response',
  limits: 'failed servers bad_response',
};

/** A row less, or no link behind a page, is an answer that may be right. */
const UNTELLABLE = 'not to be told from a right answer';

const OPTIONAL = { missing: 'ok' } as const;
const NULLABLE = { missing: 'ok', null: 'ok' } as const;

type Entry = [path: string, kind: Kind, but?: Field['but'], told?: string];

const TOKEN: Entry[] = [
  ['', 'object'],
  ['token', 'object'],
  ['token.expires_at', 'string'],
  ['token.issued_at', 'string'],
  ['token.project', 'object'],
  ['token.project.id', 'string'],
  ['token.project.domain', 'object', NULLABLE],
  ['token.project.domain.id', 'string'],
];

/** @param incomplete where the row's flavor is missing, as of a cell that is down
 * @param linked where the link to a next page is wrong, which not every page has
 */
const servers = (incomplete: string, linked: string): Entry[] => [
  ['', 'object'],
  ['servers', 'array'],
  ['servers[]', 'object', { missing: UNTELLABLE }],
  ['servers[].id', 'string'],
  ['servers[].tenant_id', 'string'],
  ['servers[].status', 'string'],
  ['servers[].flavor', 'object', { missing: incomplete, null: incomplete }],
  ['servers[].flavor.vcpus', 'number'],
  ['servers[].flavor.ram', 'number'],
  ['servers[].OS-SRV-USG:launched_at', 'string', NULLABLE],
  ['servers_links', 'array', { missing: UNTELLABLE }, linked],
  ['servers_links[]', 'object', { missing: UNTELLABLE }, linked],
  ['servers_links[].rel', 'string', {}, linked],
  ['servers_links[].href', 'string', {}, linked],
];

const ENTRIES: Record<StageName, Entry[]> = {
  login: [
    ...TOKEN,
    ['token.catalog', 'array', { missing: 'failed servers not_found' }],
    // The first service is not Nova.
    ['token.catalog[]', 'object', OPTIONAL],
    ['token.catalog[].type', 'string'],
    ['token.catalog[].endpoints', 'array', OPTIONAL],
    ['token.catalog[].endpoints[]', 'object', OPTIONAL],
    ['token.catalog[].endpoints[].interface', 'string'],
    ['token.catalog[].endpoints[].url', 'string'],
    ['token.catalog[].endpoints[].region', 'string', NULLABLE],
    ['token.catalog[].endpoints[].region_id', 'string', NULLABLE],
  ],
  projects: [
    ['', 'object'],
    ['projects', 'array'],
    // A list without the login's own project is not believed.
    ['projects[]', 'object', { missing: 'partial 3 projects incomplete' }],
    ['projects[].id', 'string'],
    ['projects[].name', 'string'],
    ['projects[].enabled', 'boolean', OPTIONAL],
    ['projects[].domain_id', 'string', { null: 'partial 3 projects incomplete' }],
    ['links', 'object', OPTIONAL],
    ['links.next', 'nothing', { missing: 'ok', text: 'partial 8 projects bad_response' }],
  ],
  rescope: TOKEN,
  'first page': servers('partial 6 servers incomplete', 'partial 3 servers bad_response'),
  'later page': servers('partial 7 servers incomplete', TOLD['later page']),
  limits: [
    ['', 'object'],
    ['limits', 'object'],
    ['limits.absolute', 'object'],
    ['limits.absolute.totalCoresUsed', 'number'],
    ['limits.absolute.totalRAMUsed', 'number'],
  ],
};

/** At the probe, and where everyone is hit, the answers are those of the listing of one domain: the rows tell what follows. */
const isTried = ({ name, hitsAll }: Place): boolean => !name.includes('probe') && !hitsAll;
/** Every wrong value is tried where a domain lists by projects; what other strategies read goes through the same parsers. */
const isThorough = ({ strategy }: Place): boolean => strategy.startsWith('project-');

const fieldsOf = (place: Place): Field[] => [
  ...entriesOf(place).map(([path, kind, but = {}, told = TOLD[place.stage]]): Field => ({
    place,
    path,
    kind,
    but,
    told,
  })),
  { place, path: '*', kind: 'nothing' as const, but: {}, told: 'ok' },
];

/** Fields whose wrong values share a cell, by what they have in common. */
export const FIELDS: Readonly<Record<string, readonly Field[]>> = Object.fromEntries(
  PLACES.filter(isTried).flatMap((place): [string, Field[]][] => {
    const fields = fieldsOf(place);
    if (!isThorough(place)) return [[`wrong types, for each field some, at ${place.name}`, fields]];
    return fields.map((field) => [`wrong types in ${nameOf(field)}, at ${place.name}`, [field]]);
  }),
);

/** One listing instead of one for each project: all its first page has a link, and fewer pages have a first row. */
function entriesOf(place: Place): Entry[] {
  if (place.strategy === 'domain-list' && place.service === 'compute')
    return servers('partial 7 servers incomplete', TOLD[place.stage]);
  if (!isShared(place)) return ENTRIES[place.stage];
  return servers('partial 3 servers incomplete', TOLD[place.stage]);
}

function nameOf({ path }: Field): string {
  if (path === '*') return 'every field that nobody needs';
  return path || 'the whole answer';
}

type Json = Record<string, unknown> | unknown[];

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const keyOf = (key: string): string | number => (key === '[]' ? 0 : key);
const keysOf = (path: string): string[] => path.replaceAll('[]', '.[]').split('.');

/** Puts a value in place of a field; false if the answer has no such field. */
function put(root: unknown, path: string, value: unknown): boolean {
  const keys = keysOf(path);
  const last = keyOf(keys.pop() ?? '');
  const holder = keys.reduce<unknown>(
    (at, key) => (isJson(at) ? (at as Record<string, unknown>)[keyOf(key)] : null),
    root,
  );
  if (!isJson(holder) || !(last in holder)) return false;
  if (value !== undefined) Object.assign(holder, { [last]: value });
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else Reflect.deleteProperty(holder, last);
  return true;
}

/** Puts a value in place of every field that is not among those of which something depends. @returns how many */
function putElsewhere(at: Json, path: string, needed: ReadonlySet<string>, value: unknown): number {
  let count = 0;
  for (const [key, inner] of Object.entries(at)) {
    const below = Array.isArray(at) ? `${path}[]` : `${path}${path && '.'}${key}`;
    if (!needed.has(below)) {
      count += 1;
      if (value === undefined) Reflect.deleteProperty(at, key);
      else Object.assign(at, { [key]: value });
    } else if (isJson(inner)) count += putElsewhere(inner, below, needed, value);
  }
  return count;
}

function wrongFor({ path, kind }: Field): Wrong[] {
  const numbers: Wrong[] = kind === 'number' ? ['negative', 'fraction', 'absurd'] : ['number'];
  const others: Wrong[] = ['missing', 'null', 'true', 'text', 'array', 'object'];
  const own: Partial<Record<Kind, Wrong>> = {
    string: 'text',
    boolean: 'true',
    array: 'array',
    object: 'object',
    nothing: path === '*' ? undefined : 'null',
  };
  return [...others, ...numbers].filter((name) => name !== own[kind] && !(path === '' && name === 'missing'));
}

const expectedOf = ({ but, told }: Field, name: Wrong): string => but[name] ?? told;

/** All but those that can't be told from right ones; where others stand for them, one, and those that come to something else. */
function triedFor(field: Field): Wrong[] {
  const all = wrongFor(field).filter((name) => expectedOf(field, name) !== UNTELLABLE);
  if (isThorough(field.place)) return all;
  const usual = all.find((name) => !(name in field.but));
  return all.filter((name) => name === usual || name in field.but);
}

/** Wrong values that are not tried, for the reasons above. */
export const untried = PLACES.flatMap((place) =>
  fieldsOf(place).flatMap((field) => {
    const tried = isTried(place) ? triedFor(field) : [];
    return wrongFor(field).filter((name) => !tried.includes(name));
  }),
);

type Count = (run: () => Promise<void>) => Promise<void>;

/** The wrong values in turn, and a scrape that is well at the end. */
export async function sufferFields(fields: readonly Field[], count: Count): Promise<void> {
  await Cell.with(fields[0]!.place, {}, async (cell) => {
    for (const field of fields) {
      for (const name of triedFor(field)) await count(() => sufferField(cell, field, name));
    }
    await cell.recover();
  });
}

async function sufferField(cell: Cell, field: Field, name: Wrong): Promise<void> {
  const { place, path } = field;
  const needed = new Set(entriesOf(place).map(([entry]) => entry));
  let changed = 0;
  const edit = (answer: Answer): Answer => {
    const body = JSON.parse(answer.body) as Json;
    const value = WRONG[name];
    if (path === '') changed += 1;
    else if (path === '*') changed += putElsewhere(body, '', needed, value);
    else changed += put(body, path, value) ? 1 : 0;
    return { ...answer, body: JSON.stringify(path === '' ? value : body) };
  };
  cell.edit(edit);
  await cell.suffer(outcome(place, expectedOf(field, name)), `${path} ${name}`);
  expect(changed, `${path} is in no answer`).to.be.greaterThan(0);
  cell.sim.faults.clear();
  // Tokens end, so that the next round asks for new ones, and for the projects.
  if (place.service === 'identity') cell.clock.shift += 2 * 3_600_000;
}
