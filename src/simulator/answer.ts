/** One whole HTTP answer, before any fault spoils it. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
}

export const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Keystone's error shape; a 401 also names the way to log in. */
export function identityError(status: number, title: string, message: string): Answer {
  const body = JSON.stringify({ error: { code: status, message, title } });
  return { status, headers: { ...JSON_TYPE, Vary: 'X-Auth-Token' }, body };
}

const UNAUTHORIZED = 'The request you have made requires authentication.';

/** Keystone's one answer to every refused login and every token that is no good. */
export function identityUnauthorized(authUrl: string): Answer {
  const answer = identityError(401, 'Unauthorized', UNAUTHORIZED);
  answer.headers['WWW-Authenticate'] = `Keystone uri="${authUrl}"`;
  return answer;
}

export function identityForbidden(action?: string): Answer {
  const what = action === undefined ? '' : `: ${action}`;
  return identityError(403, 'Forbidden', `You are not authorized to perform the requested action${what}.`);
}

/** Nova names its errors by status; keystonemiddleware, which answers 401 before Nova is asked, does not. */
const FAULT_NAMES: Readonly<Record<number, string>> = {
  400: 'badRequest',
  403: 'forbidden',
  404: 'itemNotFound',
  409: 'conflictingRequest',
  413: 'overLimit',
  429: 'overLimit',
};

/** Nova's error shape. */
export function computeError(status: number, message: string): Answer {
  const body = JSON.stringify({ [FAULT_NAMES[status] ?? 'computeFault']: { code: status, message } });
  return { status, headers: { 'Content-Type': 'application/json; charset=UTF-8' }, body };
}

/** What Nova answers where it fails itself. @param error the Python class of what nobody caught */
export function unexpectedError(error: string): Answer {
  const please = 'Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible.';
  return computeError(500, `Unexpected API Error. ${please}\n<class '${error}'>`);
}

/** The middleware's 401: the keys stand in another order than Keystone's, and the address has no `/v3`. */
export function computeUnauthorized(authUrl: string): Answer {
  return {
    status: 401,
    headers: { ...JSON_TYPE, 'WWW-Authenticate': `Keystone uri="${authUrl.replace(/\/v3$/, '')}"` },
    body: JSON.stringify({ error: { code: 401, title: 'Unauthorized', message: UNAUTHORIZED } }),
  };
}

/** What web servers and proxies answer in place of the service. */
export function htmlError(status: number, title: string): Answer {
  const body = `<html>\n<head><title>${status} ${title}</title></head>\n<body>\n<h1>${status} ${title}</h1>\n</body>\n</html>\n`;
  return { status, headers: { 'Content-Type': 'text/html; charset=UTF-8' }, body };
}
