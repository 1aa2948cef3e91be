import express, { type Express, type Request, type RequestHandler, type Response } from 'express';

import { FORMATS, renderMetrics } from '../metrics/render.js';
import { scrapeTimeLeft } from '../snapshot/deadline.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { snapshotJson } from './json.js';
import type { AppOptions } from './options.js';
import { fail, leaving, refuseOthers, route } from './route.js';
import { SharedBodies } from './shared-body.js';
import { routeStatement } from './statement.js';
import { STATUS_HEADERS, statusPage } from './status/page.js';
import { routeUsage } from './usage.js';

/** The routes; opens no socket. */
export function createApp(options: AppOptions): Express {
  const { settings, file, tariffs, self, log } = options;
  const { telemetryPath } = settings.web;
  const bodies = new SharedBodies<Snapshot>();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('query parser', false);

  route(app, telemetryPath, {
    head: (req, res) => void res.type(formatFor(req)).vary('Accept').vary('Accept-Encoding').end(),
    get: async (req, res) => {
      const snapshot = await scrape(options, req, res);
      const { projects: withProjects, minIntervalMs } = settings.collect;
      const page = { snapshot, file: file(), tariffs: tariffs(), withProjects, withTimestamp: minIntervalMs > 0 };
      const format = formatFor(req);
      res.type(format).vary('Accept');
      await bodies.of(snapshot, format, () => renderMetrics(page, self, format)).send(req, res);
    },
  });
  route(app, '/api/v1/snapshot', {
    head: (_req, res) => void res.type('json').vary('Accept-Encoding').end(),
    get: async (req, res) => {
      const snapshot = await scrape(options, req, res);
      res.status(snapshot.totals ? 200 : 503).type('json');
      const make = (): Promise<string> => Promise.resolve(JSON.stringify(snapshotJson(snapshot)));
      await bodies.of(snapshot, 'json', make).send(req, res);
    },
  });
  routeUsage(app, options);
  routeStatement(app, options);
  const text =
    (body: string): RequestHandler =>
    (_req, res) =>
      void res.type('text').send(body);
  route(app, '/-/healthy', { get: text('vhi-exporter is healthy.\n') });
  // Nobody can ask before the file was read once, and later the last good list serves.
  route(app, '/-/ready', { get: text('vhi-exporter is ready.\n') });
  routeReload(app, options);
  if (telemetryPath !== '/') {
    route(app, '/', { get: (req, res) => showStatus(options, req, res) });
  }
  app.use((req, res) => fail(req, res, { status: 404, code: 'not_found', message: 'there is no such page; see /' }));
  // Express tells an error handler by its four parameters.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  app.use((error: Error, req: Request, res: Response, _next: unknown) => {
    log.error('unexpected error while answering, please report it', { path: req.path, stack: error.stack });
    fail(req, res, { status: 500, code: 'internal', message: 'unexpected error inside the exporter, see its log' });
  });
  return app;
}

function routeReload(app: Express, { settings, reload }: AppOptions): void {
  const path = '/-/reload';
  const answer: RequestHandler = async (req, res) => {
    if (!settings.web.enableLifecycle) {
      const message = 'reloading over HTTP is off: start with --web.enable-lifecycle, or send SIGHUP';
      fail(req, res, { status: 403, code: 'forbidden', message });
    } else if (isFromWebPage(req)) {
      fail(req, res, { status: 403, code: 'forbidden', message: 'a web page may not ask for a reload' });
    } else {
      const problems = await reload();
      if (problems.length === 0) res.type('text').send('reloaded\n');
      else fail(req, res, { status: 500, code: 'reload', message: problems.join('; ') });
    }
  };
  app.post(path, answer);
  app.put(path, answer);
  refuseOthers(app, path, ['POST', 'PUT']);
}

/** No page of the exporter asks for a reload: a browser that does was sent by a page of somebody else. */
function isFromWebPage(req: Request): boolean {
  return req.get('Origin') !== undefined || req.get('Sec-Fetch-Site') !== undefined;
}

/** The status page, or 304 to one who has it already, up to its ages. */
function showStatus({ collector, file, clock, version, settings }: AppOptions, req: Request, res: Response): void {
  const { text, tag } = statusPage({
    snapshot: collector.last,
    file: file(),
    now: clock.wall(),
    version,
    metricsPath: settings.web.telemetryPath,
  });
  // A header that the web configuration has set wins.
  for (const [name, value] of Object.entries(STATUS_HEADERS)) if (!res.hasHeader(name)) res.setHeader(name, value);
  res.set('ETag', `"${tag}"`);
  if (req.get('If-None-Match')?.includes(tag)) res.status(304).end();
  else res.type('html').send(text);
}

/**
 * The snapshot for this request, its age in the answer's headers where it may be one of before. Never settles if the
 * client leaves, since nobody is there to answer.
 */
async function scrape(
  { collector, file, settings, clock }: AppOptions,
  req: Request,
  res: Response,
): Promise<Snapshot> {
  const timeLeft = scrapeTimeLeft(req.get('X-Prometheus-Scrape-Timeout-Seconds'), settings.collect);
  const snapshot = await collector.snapshot(file().list, timeLeft, leaving(req, res));
  if (settings.collect.minIntervalMs > 0) {
    res.setHeader('Age', Math.max(0, Math.floor((clock.wall() - snapshot.collectedAt) / 1000)));
  }
  return snapshot;
}

/** OpenMetrics where the scraper prefers it, else the Prometheus text format, whatever the escaping it asks for. */
function formatFor(req: Request): (typeof FORMATS)[number] {
  const [openMetrics, text] = FORMATS;
  const accept = (req.get('Accept') ?? '').replace(/;\s*(escaping|charset)=[^;,]*/g, '');
  req.headers.accept = accept === '' ? '*/*' : accept;
  const wanted = req.accepts([
    'text/plain',
    'text/plain; version=0.0.4',
    'application/openmetrics-text; version=1.0.0',
  ]);
  return wanted && wanted.startsWith('application/openmetrics-text') ? openMetrics : text;
}
