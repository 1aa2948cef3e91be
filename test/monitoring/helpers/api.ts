/* The HTTP API of Prometheus, as far as the suite asks it. Times are in seconds since 1970, as there. */

export type Labels = Record<string, string>;
export type Point = [seconds: number, value: string];

/** An instant query gives `value`, a range query or a range selector `values`. */
export interface Result {
  metric: Labels;
  value?: Point;
  values?: Point[];
}

export interface Span {
  start: number;
  end: number;
}

export interface Alert {
  labels: Labels;
  annotations: Labels;
  state: string;
}

export interface Rule {
  type: 'recording' | 'alerting';
  name: string;
  query: string;
  health: string;
  lastError?: string;
  alerts?: Alert[];
}

export interface RuleGroup {
  name: string;
  file: string;
  interval: number;
  rules: Rule[];
}

export interface Target {
  labels: Labels;
  health: string;
  lastError: string;
  scrapeUrl: string;
  scrapeInterval: string;
  scrapeTimeout: string;
}

export interface Metadata {
  metric: string;
  type: string;
  help: string;
  unit: string;
}

type Parameters = Record<string, string | number>;

export class Prometheus {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** @throws Error with what Prometheus says against it */
  async #get<T>(path: string, parameters: Parameters = {}): Promise<T> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) query.set(name, String(value));
    const response = await fetch(`${this.url}/api/v1/${path}?${query.toString()}`);
    const text = await response.text();
    if (!response.headers.get('Content-Type')?.includes('json')) throw new Error(`${path}: ${response.status} ${text}`);
    const answer = JSON.parse(text) as { status: string; data: T; error?: string };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  /** A scalar comes as one result without labels. */
  async query(query: string, time?: number): Promise<Result[]> {
    const parameters: Parameters = time === undefined ? { query } : { query, time };
    const data = await this.#get<{ resultType: string; result: unknown }>('query', parameters);
    if (data.resultType === 'scalar') return [{ metric: {}, value: data.result as Point }];
    return data.result as Result[];
  }

  async range(query: string, { start, end }: Span, step: number): Promise<Result[]> {
    return (await this.#get<{ result: Result[] }>('query_range', { query, start, end, step })).result;
  }

  /** The samples as they were stored, of each series that the selector matches. */
  async samples(selector: string, { start, end }: Span): Promise<Result[]> {
    return this.query(`${selector}[${Math.ceil((end - start) * 1000)}ms]`, end);
  }

  async labelValues(label: string, selector: string, { start, end }: Span): Promise<string[]> {
    return this.#get(`label/${label}/values`, { 'match[]': selector, start, end });
  }

  async ruleGroups(): Promise<RuleGroup[]> {
    return (await this.#get<{ groups: RuleGroup[] }>('rules')).groups;
  }

  async targets(): Promise<Target[]> {
    return (await this.#get<{ activeTargets: Target[] }>('targets', { state: 'active' })).activeTargets;
  }

  async metadata(selector: string): Promise<Metadata[]> {
    return this.#get('targets/metadata', { match_target: selector });
  }

  async alertmanagers(): Promise<string[]> {
    const { activeAlertmanagers } = await this.#get<{ activeAlertmanagers: { url: string }[] }>('alertmanagers');
    return activeAlertmanagers.map(({ url }) => url);
  }
}

export function numbers(result: Result): { at: number; value: number }[] {
  return (result.values ?? (result.value ? [result.value] : [])).map(([at, value]) => ({ at, value: Number(value) }));
}
