/** One series of a page of metrics. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Exposition {
  types: Map<string, string>;
  samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const VALUE = /^(-?[0-9.]+(e[+-]?[0-9]+)?|NaN|[+-]?Inf)$/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', n: '\n' };
const SUFFIX = /_(bucket|count|sum|total)$/;

/** `"…",` or `"…"}` from its opening quote on. @returns the value, and what follows the closing quote */
function quoted(text: string): [value: string, rest: string] {
  let value = '';
  for (let at = 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') return [value, text.slice(at + 1)];
    if (char !== '\\') value += char;
    else {
      at += 1;
      const escaped = ESCAPES[text.charAt(at)];
      if (escaped === undefined) throw new Error(`unknown escape in ${text}`);
      value += escaped;
    }
  }
  throw new Error(`no closing quote in ${text}`);
}

function sampleOf(line: string): Sample {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) throw new Error(`no name: ${line}`);
  const labels: Record<string, string> = {};
  let rest = line.slice(name.length);
  if (rest.startsWith('{')) {
    do {
      rest = rest.slice(1);
      const label = LABEL.exec(rest)?.[0];
      if (label === undefined || rest.charAt(label.length) !== '=' || rest.charAt(label.length + 1) !== '"') {
        throw new Error(`no label at ${rest}`);
      }
      if (Object.hasOwn(labels, label)) throw new Error(`label ${label} twice: ${line}`);
      const [value, after] = quoted(rest.slice(label.length + 1));
      labels[label] = value;
      rest = after;
    } while (rest.startsWith(','));
    if (!rest.startsWith('}')) throw new Error(`labels do not end: ${line}`);
    rest = rest.slice(1);
  }
  if (!rest.startsWith(' ') || !VALUE.test(rest.slice(1))) throw new Error(`no value: ${line}`);
  return { name, labels, value: Number(rest.slice(1).replace('Inf', 'Infinity')) };
}

/**
 * Reads a page in the Prometheus text format or as OpenMetrics, as strictly as their grammars are.
 * @throws Error at the first line that is wrong, and for a series that is there twice
 */
export function parseExposition(page: string, format: 'text' | 'openmetrics'): Exposition {
  if (!page.endsWith('\n')) throw new Error('the last line does not end');
  const lines = page.slice(0, -1).split('\n');
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('no # EOF at the end');
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples = new Map<string, Sample>();
  for (const line of lines) {
    if (line === '' && format === 'text') continue;
    if (line.startsWith('#')) {
      const [, kind = '', name = '', text = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
      if (kind === 'HELP' && !helps.has(name) && !text.replace(/\\[\\n]/g, '').includes('\\')) helps.add(name);
      else if (kind === 'TYPE' && !types.has(name) && /^(counter|gauge|histogram|summary|unknown|info)$/.test(text))
        types.set(name, text);
      else throw new Error(`no comment that may be: ${line}`);
      continue;
    }
    const sample = sampleOf(line);
    if (!types.has(sample.name) && !types.has(sample.name.replace(SUFFIX, ''))) throw new Error(`no type: ${line}`);
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (samples.has(key)) throw new Error(`twice: ${line}`);
    samples.set(key, sample);
  }
  return { types, samples: [...samples.values()] };
}
