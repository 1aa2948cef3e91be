import { SettingError } from '../errors.js';
import type { Settings } from '../settings/settings.js';
import { withBrackets } from '../settings/values.js';
import { probe, reachable } from '../web/probe.js';
import { openWebConfig } from '../web/security/read.js';

/** Of the whole check; whoever runs it should give it some more. */
const TIMEOUT_MS = 3000;

/**
 * Asks the daemon on this machine whether it is healthy. Without a web configuration it finds out by itself whether HTTP or
 * HTTPS is spoken: a container's check does not know the daemon's flags.
 * @returns the exit code: 0 healthy, 1 not
 * @throws SettingError
 */
export async function runHealthcheck({ web }: Pick<Settings, 'web'>, complain: (t: string) => void): Promise<number> {
  const { listen, configFile } = web;
  if (listen.port === 0) throw new SettingError('--web.listen-address: port 0 is any port: name the one to ask');
  const config = configFile === null ? null : await openWebConfig(configFile);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let result = await probe(config?.tls ? 'https' : 'http', listen, signal);
  if (!result.alive && result.isOtherProtocol && !config) result = await probe('https', listen, signal);
  if (result.alive) return 0;
  const { host, port } = reachable(listen);
  complain(`not healthy: ${withBrackets(host)}:${port}: ${result.why}`);
  return 1;
}
