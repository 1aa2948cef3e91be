import { hashSync } from 'bcryptjs';
import { expect } from 'chai';

import { Folder, makeCertificate, type Pair } from '../web/security/files.js';
import { withCloud, worldOf } from '../program/rig.js';
import { listeningUrl } from '../helpers/program.js';
import { Daemon, eventually, freePorts, PROMETHEUS, startExporter } from './helpers/processes.js';

const PASSWORD = 'scrape-Horse-9';

/** The same target, by scrapers that bring different things. */
const JOBS: Record<string, { password?: string; client?: 'signed' | 'stranger'; ca?: boolean; up: boolean }> = {
  right: { password: PASSWORD, client: 'signed', up: true },
  'wrong-password': { password: 'guess', client: 'signed', up: false },
  'no-password': { client: 'signed', up: false },
  'no-certificate': { password: PASSWORD, up: false },
  'certificate-of-a-stranger': { password: PASSWORD, client: 'stranger', up: false },
};

describe('A real Prometheus and an exporter with TLS, client certificates and a password', () => {
  const folder = new Folder();
  after(() => folder.remove());

  const webConfig = (password: string): string =>
    'tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n' +
    '  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.crt\n' +
    `basic_auth_users:\n  prometheus: ${hashSync(password, 10)}\n`;

  function prometheusConfig(target: string): string {
    const jobs = Object.entries(JOBS).map(([name, { password, client }]) => {
      const auth = password === undefined ? '' : `    basic_auth: {username: prometheus, password: ${password}}\n`;
      const tls = client ? `, cert_file: ${client}.crt, key_file: ${client}.key` : '';
      return (
        `  - job_name: ${name}\n    scheme: https\n    tls_config: {ca_file: server.crt${tls}}\n${auth}` +
        `    static_configs: [{targets: ['${target}']}]\n`
      );
    });
    return `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n${jobs.join('')}`;
  }

  async function makePairs(): Promise<void> {
    const authority: Pair = await makeCertificate({ name: 'authority' });
    const other = await makeCertificate({ name: 'other authority' });
    folder.write('authority.crt', authority.cert);
    folder.writePair('server', await makeCertificate());
    folder.writePair('signed', await makeCertificate({ name: 'prometheus', issuer: authority }));
    folder.writePair('stranger', await makeCertificate({ name: 'prometheus', issuer: other }));
  }

  it('get on with each other, and nobody else gets a figure, before and after password and certificate rotate', async () => {
    await makePairs();
    const config = folder.write('web.yml', webConfig(PASSWORD));
    await withCloud({ world: worldOf({ name: 'acme', projects: [3] }) }, async ({ env, args }) => {
      const exporter = startExporter([...args, '--web.listen-address=127.0.0.1:0', `--web.config.file=${config}`], env);
      const [port = 0] = await freePorts(1);
      const target = new URL(await listeningUrl(exporter)).host;
      const prometheus = new Daemon(PROMETHEUS, [
        `--config.file=${folder.write('prometheus.yml', prometheusConfig(target))}`,
        `--storage.tsdb.path=${folder.at('data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-lifecycle',
      ]);
      const base = `http://127.0.0.1:${port}`;
      const query = async (expression: string): Promise<Record<string, string>> => {
        const response = await fetch(`${base}/api/v1/query?query=${encodeURIComponent(expression)}`);
        const { data } = (await response.json()) as {
          data: { result: { metric: Record<string, string>; value: [number, string] }[] };
        };
        return Object.fromEntries(data.result.map(({ metric, value }) => [metric['job'] ?? '', value[1]]));
      };
      try {
        await prometheus.ready(base);
        const all = Object.fromEntries(Object.entries(JOBS).map(([name, { up }]) => [name, up ? '1' : '0']));
        await eventually('each was scraped', 30_000, async () => {
          expect(await query('up')).to.deep.equal(all);
          return true;
        });
        expect(await query('vhi_total_vcpus_in_use')).to.deep.equal({ right: '3' });

        folder.writePair('server', await makeCertificate());
        folder.write('web.yml', webConfig('next-Staple-1'));
        await eventually('the old password is refused', 30_000, async () => {
          expect((await query('up'))['right']).to.equal('0');
          return true;
        });
        folder.write('prometheus.yml', prometheusConfig(target).replaceAll(PASSWORD, 'next-Staple-1'));
        expect((await fetch(`${base}/-/reload`, { method: 'POST' })).status).to.equal(200);
        await eventually('the new one is taken', 30_000, async () => {
          expect(await query('up')).to.deep.equal(all);
          return true;
        });
        expect(await query('vhi_total_vcpus_in_use')).to.deep.equal({ right: '3' });
        expect(await query('max_over_time(up[1h])')).to.deep.equal(all);
      } finally {
        await prometheus.stop();
        await exporter.stop();
      }
    });
  });
});
