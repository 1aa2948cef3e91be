import type { Express, Request, RequestHandler, Response } from 'express';

/** GET, and HEAD without any work; every other method is told what there is. */
export function route(app: Express, path: string, { head, get }: { head?: RequestHandler; get: RequestHandler }): void {
  if (head) app.head(path, head);
  app.get(path, get);
  refuseOthers(app, path, ['GET', 'HEAD']);
}

export function refuseOthers(app: Express, path: string, methods: readonly string[]): void {
  app.all(path, (req, res) => {
    res.setHeader('Allow', methods.join(', '));
    const message = `only ${methods.join(' and ')} are allowed here`;
    fail(req, res, { status: 405, code: 'method_not_allowed', message });
  });
}

export interface Failure {
  status: number;
  /** For programs; the message is for people. */
  code: string;
  message: string;
}

/** Answers a request that can't be served: JSON below /api/, else one line. */
export function fail(req: Request, res: Response, { status, code, message }: Failure): void {
  if (res.headersSent) res.destroy();
  else if (req.path.startsWith('/api/')) res.status(status).json({ error: { code, message } });
  else res.status(status).type('text').send(`${message}\n`);
}

/** Aborts when the client leaves before it has its answer. */
export function leaving(req: Request, res: Response): AbortSignal {
  const left = new AbortController();
  const leave = (): void => {
    if (!res.writableFinished) left.abort();
  };
  res.once('close', leave);
  // Where its answer has to wait for another one of its connection, only the request is told that this is gone.
  req.once('close', leave);
  return left.signal;
}
