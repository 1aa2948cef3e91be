/** Names or ids as a login body gives them. */
interface DomainRef {
  id?: string;
  name?: string;
}

export type AuthScope =
  | { kind: 'none' }
  | { kind: 'project'; id?: string; name?: string; domain?: DomainRef }
  /** A domain or the system, on which nobody here holds a role. */
  | { kind: 'other' };

/** A login body, as far as its form is right. */
export interface AuthRequest {
  methods: string[];
  user: { id?: string; name?: string; domain?: DomainRef; password?: string } | null;
  tokenId: string | null;
  application: { id?: string; secret?: string } | null;
  scope: AuthScope;
  /** Whether there is a scope, of whatever kind: beside an application credential none is allowed. */
  hasScope: boolean;
}

/** What is wrong with a login body, in Keystone's words; answered with 400. */
export class MalformedAuth extends Error {}

const TAIL = 'The server could not comply with the request since it is either malformed or otherwise incorrect.';

function expecting(what: string, where: string): MalformedAuth {
  return new MalformedAuth(`Expecting to find ${what} in ${where}. ${TAIL} The client is assumed to be in error.`);
}

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw expecting('valid JSON', 'request body');
  }
}

function domainRef(value: unknown): DomainRef {
  const domain = fields(value);
  return { id: text(domain?.['id']), name: text(domain?.['name']) };
}

function parseScope(value: unknown): AuthScope {
  const scope = fields(value);
  if (!scope) return { kind: 'none' };
  const project = fields(scope['project']);
  if (!project) return { kind: 'other' };
  const id = text(project['id']);
  if (id !== undefined) return { kind: 'project', id };
  if (!fields(project['domain'])) throw expecting('domain', 'project');
  return { kind: 'project', name: text(project['name']), domain: domainRef(project['domain']) };
}

function parseUser(password: Fields): AuthRequest['user'] {
  const user = fields(password['user']);
  if (!user) throw expecting('user', 'None');
  const id = text(user['id']);
  if (id === undefined && !fields(user['domain'])) throw expecting('domain', 'user');
  return { id, name: text(user['name']), domain: domainRef(user['domain']), password: text(user['password']) };
}

/** By its id; Keystone takes a name and a user as well, which nobody here asks for. */
function parseApplication(data: Fields): AuthRequest['application'] {
  const id = text(data['id']);
  if (id === undefined) throw expecting('name or ID', 'application credential');
  return { id, secret: text(data['secret']) };
}

/**
 * Reads the body of `POST /v3/auth/tokens` as Keystone 22 does; each message was compared with the real one, but for the dump of the
 * schema that follows some of them.
 * @throws MalformedAuth
 */
export function parseAuthBody(contentType: string, body: string): AuthRequest {
  if (body !== '' && !contentType.startsWith('application/json')) {
    throw expecting('application/json', 'Content-Type header');
  }
  const root = body === '' ? {} : fields(parseJson(body));
  if (!root) throw expecting('valid JSON', 'request body');
  if (root['auth'] === undefined) throw expecting('auth', 'request body');
  const auth = fields(root['auth']);
  if (!auth) throw new MalformedAuth(`${JSON.stringify(root['auth'])} is not of type 'object'`);
  const identity = fields(auth['identity']);
  if (!identity) throw new MalformedAuth("'identity' is a required property");
  const methods = identity['methods'];
  if (methods === undefined) {
    throw new MalformedAuth("Invalid input for field 'identity': 'methods' is a required property");
  }
  if (!Array.isArray(methods))
    throw new MalformedAuth("Invalid input for field 'identity/methods': not of type 'array'");
  const request: AuthRequest = {
    methods: methods.map(String),
    user: null,
    tokenId: null,
    application: null,
    scope: parseScope(auth['scope']),
    hasScope: auth['scope'] !== undefined,
  };
  for (const method of request.methods) {
    const data = fields(identity[method]);
    if (!data) throw expecting(method, 'identity');
    if (method === 'password') request.user = parseUser(data);
    if (method === 'application_credential') request.application = parseApplication(data);
    if (method === 'token') request.tokenId = text(data['id']) ?? '';
  }
  return request;
}
