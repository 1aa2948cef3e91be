import { ask, post, rescopeBody, token, type Reply } from './api.js';
import type { Customer } from './operator.js';

/* What the exporter asks with a token, whatever has become of those behind it. */

/** A customer's tokens, of before. */
export interface Holder {
  authUrl: string;
  nova: string;
  customer: Customer;
  /** For the project `main`: from a password, and from the unscoped one. */
  scoped: string;
  child: string;
  unscoped: string;
}

export type TokenQuestion = (holder: Holder) => Promise<Reply>;

function passwordBody({ user, password }: Customer, scope: unknown): unknown {
  return { auth: { identity: { methods: ['password'], password: { user: { id: user, password } } }, scope } };
}

export async function hold(authUrl: string, nova: string, customer: Customer): Promise<Holder> {
  const scoped = await token(authUrl, passwordBody(customer, { project: { id: customer.main } }));
  const unscoped = await token(authUrl, passwordBody(customer, 'unscoped'));
  const child = await token(authUrl, rescopeBody(unscoped, customer.main));
  return { authUrl, nova, customer, scoped, child, unscoped };
}

type Which = 'scoped' | 'child' | 'unscoped';

function identity(path: (customer: Customer) => string, which: Which): TokenQuestion {
  return (holder) => ask(`${holder.authUrl}${path(holder.customer)}`, { headers: { 'X-Auth-Token': holder[which] } });
}

function rescope(which: Which, to: 'main' | 'side'): TokenQuestion {
  return (holder) => post(`${holder.authUrl}/auth/tokens`, rescopeBody(holder[which], holder.customer[to]));
}

function compute(path: string, which: Which, version: string | null = '2.69'): TokenQuestion {
  return (holder) => {
    const headers: Record<string, string> = { 'X-Auth-Token': holder[which] };
    if (version !== null) headers['OpenStack-API-Version'] = `compute ${version}`;
    return ask(`${holder.nova}${path}`, { headers });
  };
}

const own = (): string => '/auth/projects';

/** Asked after each deed. */
export const TOKENS: Readonly<Record<string, TokenQuestion>> = {
  'own projects': identity(own, 'scoped'),
  'own projects, by a token from a token': identity(own, 'child'),
  'own projects, by an unscoped token': identity(own, 'unscoped'),
  'projects of the domain': identity(({ domain }) => `/projects?domain_id=${domain}`, 'scoped'),
  'a rescope to another project': rescope('scoped', 'side'),
  'a rescope to the same project': rescope('scoped', 'main'),
  'a rescope of an unscoped token': rescope('unscoped', 'main'),
  'a rescope of an unscoped token to another project': rescope('unscoped', 'side'),
  'a new login': (holder) =>
    post(
      `${holder.authUrl}/auth/tokens?nocatalog`,
      passwordBody(holder.customer, { project: { id: holder.customer.main } }),
    ),
  servers: compute('/servers/detail', 'scoped'),
  'servers, by a token from a token': compute('/servers/detail', 'child'),
  limits: compute('/limits', 'scoped', '2.47'),
  'servers, by an unscoped token': compute('/servers/detail', 'unscoped'),
};

/** What Nova makes of a good token of no project. */
export const UNSCOPED: Readonly<Record<string, TokenQuestion>> = {
  'servers at 2.68': compute('/servers/detail', 'unscoped', '2.68'),
  'servers without a microversion': compute('/servers/detail', 'unscoped', null),
  'servers with a limit': compute('/servers/detail?limit=5', 'unscoped'),
  'servers of all tenants': compute('/servers/detail?all_tenants=1', 'unscoped'),
  'all_tenants=0': compute('/servers/detail?all_tenants=0', 'unscoped'),
  'names of servers': compute('/servers', 'unscoped'),
  'names of servers at 2.68': compute('/servers', 'unscoped', '2.68'),
  limits: compute('/limits', 'unscoped', '2.47'),
  'limits without a microversion': compute('/limits', 'unscoped', null),
  'an unknown page': compute('/nothing-here', 'unscoped'),
};

/** The words of an error, without the token that Keystone repeats. */
export function saidOf({ json, status }: Reply, { scoped, child, unscoped }: Holder): unknown {
  if (status < 400 || json === undefined) return null;
  const text = [scoped, child, unscoped].reduce((said, id) => said.replaceAll(id, '(token)'), JSON.stringify(json));
  return JSON.parse(text) as unknown;
}
