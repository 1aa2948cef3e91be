/* A reader of the Prometheus text format, no more than the tests need. */

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** A page of /metrics. */
export class Page {
  readonly text: string;
  readonly #samples = new Map<string, Sample[]>();

  constructor(text: string) {
    this.text = text;
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (!match) throw new Error(`not a sample: ${line}`);
      const [, name = '', labels = '', value] = match;
      const list = this.#samples.get(name) ?? [];
      list.push({ labels: readLabels(labels), value: Number(value) });
      this.#samples.set(name, list);
    }
  }

  all(name: string): readonly Sample[] {
    return this.#samples.get(name) ?? [];
  }

  /** The value of the one series that has these labels; null if there is none. */
  value(name: string, labels: Record<string, string> = {}): number | null {
    const wanted = Object.entries(labels);
    const found = this.all(name).filter((sample) => wanted.every(([key, text]) => sample.labels[key] === text));
    if (found.length > 1) throw new Error(`${name}: ${found.length} series have the labels ${JSON.stringify(labels)}`);
    return found[0]?.value ?? null;
  }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name] = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  }
  return labels;
}
