import { createServer } from 'node:http';

/** What Alertmanager posts, as far as the suite looks at it. */
export interface Notification {
  /** Seconds since 1970. */
  at: number;
  text: string;
  receiver: string;
  status: string;
  groupLabels: Record<string, string>;
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

/** Receives what Alertmanager delivers. */
export class Webhook {
  readonly received: Notification[] = [];
  readonly #server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      this.received.push({ ...(JSON.parse(text) as Notification), text, at: Date.now() / 1000 });
      response.end();
    });
  });

  async start(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  /** The first delivery of this alert while it fires. */
  of(alertname: string): Notification | undefined {
    return this.received.find(({ alerts }) =>
      alerts.some(({ status, labels }) => status === 'firing' && labels['alertname'] === alertname),
    );
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }
}
