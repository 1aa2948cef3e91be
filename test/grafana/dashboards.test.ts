import { readFileSync } from 'node:fs';

import { expect } from 'chai';
import { parse as parseYaml } from 'yaml';

import { files } from '../../grafana/all.js';
import { FAMILIES } from '../../src/metrics/families.js';
import { SelfMetrics } from '../../src/metrics/self.js';
import { committedDashboards, dashboardQueries, labelValues, substitute, type Panel } from './expressions.js';
import { groupings, knownSeries, selectors, unreadable } from './promql.js';

const dashboards = committedDashboards();
const queries = dashboardQueries();
const selectorText = ({ kind, expr }: (typeof queries)[number]): string =>
  kind === 'variable' ? labelValues(expr).selector : expr;

const panels = [...dashboards].flatMap(([name, { panels }]) =>
  panels.filter(({ type }) => type !== 'row').map((panel) => ({ name: `${name}: ${panel.title}`, panel })),
);
const targets = panels.flatMap(({ name, panel }) =>
  (panel.targets ?? []).map((target) => ({ name: `${name} ${target.refId}`, panel, target })),
);

/** What the panel changes for one of its targets. */
const overridden = ({ fieldConfig }: Panel, refId: string): Map<string, unknown> =>
  new Map(
    (fieldConfig?.overrides ?? [])
      .filter(({ matcher }) => matcher.id === 'byFrameRefID' && matcher.options === refId)
      .flatMap(({ properties }) => properties.map(({ id, value }) => [id, value])),
  );

/** All that stands under a key, however deep. */
function valuesOf(json: unknown, key: string): unknown[] {
  const found: unknown[] = [];
  JSON.stringify(json, (name, value: unknown) => {
    if (name === key) found.push(value);
    return value;
  });
  return found;
}

const ORANGE = { mode: 'fixed', fixedColor: 'orange' };

describe('the committed dashboards', () => {
  it('are what `npm run dashboards` writes', () => {
    expect([...dashboards.keys()].map((name) => `${name}.json`)).to.have.members([...files().keys()]);
    for (const [file, text] of files()) {
      const committed = readFileSync(new URL(`../../grafana/dashboards/${file}`, import.meta.url), 'utf8');
      expect(committed === text, `${file} is as generated`).to.be.true;
    }
  });

  it('can be imported anywhere: no ids of one Grafana, no data source by name, a schema that Grafana 10 knows', () => {
    for (const [name, dashboard] of dashboards) {
      expect(dashboard.id ?? null, name).to.be.null;
      expect(dashboard.uid).to.equal(`vhi-${name}`);
      expect(dashboard.schemaVersion).to.be.at.most(39);
      for (const panel of dashboard.panels) expect(panel.id, panel.title).to.be.undefined;
      const sources = valuesOf(dashboard, 'datasource');
      expect(sources).not.to.be.empty;
      for (const source of sources) expect(source).to.deep.equal({ type: 'prometheus', uid: '${datasource}' });
    }
  });

  it('let the reader choose data source, job and exporters first, each variable depending on earlier ones only', () => {
    for (const [name, { templating }] of dashboards) {
      expect(templating.list.slice(0, 3).map((v) => v.name)).to.deep.equal(['datasource', 'job', 'instance']);
      const before: Record<string, string> = {};
      for (const variable of templating.list) {
        expect(variable.label, `${name} $${variable.name}`).to.be.a('string').and.not.empty;
        const text = typeof variable.query === 'string' ? variable.query : variable.query.query;
        expect(() => substitute(text, before)).not.to.throw();
        before[variable.name] = 'x';
      }
    }
  });

  it('link to each other and to nothing else', () => {
    const uids = [...dashboards.values()].map(({ uid }) => uid);
    for (const { uid, links } of dashboards.values()) {
      const linked = links.map(({ url = '' }) => url.replace('/d/', ''));
      expect(linked).to.have.members(uids.filter((other) => other !== uid));
    }
    const urls = valuesOf([...dashboards.values()], 'url') as string[];
    expect(urls.some((url) => url.includes('var-domain='))).to.be.true;
    for (const url of urls) expect(uids).to.include(url.replace('/d/', '').replace(/\?.*/, ''));
  });

  it('lay their panels out in the grid, none over another', () => {
    for (const [name, { panels: all }] of dashboards) {
      const taken = new Map<string, string>();
      for (const { title, gridPos } of all) {
        const { x, y, w, h } = gridPos;
        expect(x + w, title).to.be.at.most(24);
        for (let row = y; row < y + h; row++) {
          for (let column = x; column < x + w; column++) {
            const cell = `${column},${row}`;
            expect(taken.get(cell), `${name}: ${title} at ${cell}`).to.be.undefined;
            taken.set(cell, title);
          }
        }
      }
    }
  });
});

describe('every panel', () => {
  it('says what it shows: title, description, unit, thresholds, data source', () => {
    expect(panels.length).to.be.greaterThan(50);
    for (const { name, panel } of panels) {
      expect(panel.title, name).not.to.be.empty;
      expect(panel.description, name).to.match(/^[A-Z].*\.$/);
      expect(panel.fieldConfig?.defaults.unit, name).to.be.a('string').and.not.empty;
      expect(panel.fieldConfig?.defaults.thresholds?.steps, name).not.to.be.empty;
      expect(panel.datasource?.uid, name).to.equal('${datasource}');
      expect(panel.targets, name).not.to.be.empty;
    }
  });

  it('names its series', () => {
    for (const { name, target } of targets) {
      if (target.format !== 'table') expect(target.legendFormat, name).not.to.be.empty;
    }
  });

  it('counts RAM in MiB', () => {
    for (const { name, panel, target } of targets) {
      if (!target.expr.includes('_ram_mb_')) continue;
      const { defaults, overrides } = panel.fieldConfig ?? { defaults: {}, overrides: [] };
      const units = overrides.flatMap(({ properties }) =>
        properties.filter(({ id }) => id === 'unit').map((p) => p.value),
      );
      const expected = name.includes('Share') ? 'percentunit' : 'mbytes';
      expect([defaults.unit, ...units], name).to.include(expected);
    }
  });

  it('keeps to the job and the exporters that are chosen', () => {
    for (const { name, target } of targets) {
      for (const { metric, labels } of selectors(substitute(target.expr))) {
        expect(labels, `${name} ${metric}`).to.include.members(['job', 'instance']);
      }
      if (name.startsWith('domain: ') && target.expr.includes('vhi_domain_')) {
        expect(target.expr, name).to.include('domain=${domain:doublequote}');
      }
    }
  });

  it('takes rates over $__rate_interval', () => {
    for (const { name, target } of targets) {
      const ranges = [...target.expr.matchAll(/\b(?:i?rate|increase)\([^[]*\[([^\]]*)\]/g)].map(([, range]) => range);
      expect(ranges, name).to.have.lengthOf(target.expr.match(/\b(i?rate|increase)\(/g)?.length ?? 0);
      for (const range of ranges) expect(range, name).to.equal('$__rate_interval');
    }
  });
});

describe('every query', () => {
  it('can be read', () => {
    for (const query of queries) expect(unreadable(selectorText(query)), query.expr).to.be.empty;
    expect(unreadable('rate(vhi_total_vcpus_in_use[5m)')).not.to.be.empty;
  });

  it('asks only for metrics that there are, by labels that they have', () => {
    const known = knownSeries();
    for (const query of queries) {
      const text = selectorText(query);
      const all = selectors(text);
      const labels = new Set(all.flatMap(({ metric }) => [...(known.get(metric) ?? [])]));
      for (const selector of all) {
        expect([...known.keys()], query.expr).to.include(selector.metric);
        expect([...(known.get(selector.metric) ?? [])], query.expr).to.include.members(selector.labels);
      }
      expect([...labels], query.expr).to.include.members(groupings(text));
      if (query.kind === 'variable') expect([...labels], query.expr).to.include(labelValues(query.expr).label);
    }
  });

  it('fakes no figure where there is none', () => {
    for (const { expr } of queries) {
      expect(expr).not.to.match(/\babsent|\bor\s+(on \([^)]*\)\s*)?(vector\(|\d)/);
      if (expr.includes('vector(')) expect(expr).to.equal('vector(50)');
    }
  });

  it('is asked by a panel for every metric of the exporter', () => {
    const asked = new Set(
      queries
        .filter(({ kind }) => kind !== 'variable')
        .flatMap(({ expr }) => selectors(expr))
        .map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, '')),
    );
    const self = new SelfMetrics({ build: { version: '1', nodeVersion: '1' }, withProcess: false }).all();
    const own = self.map((metric) => (metric as unknown as { name: string }).name);
    expect([...asked]).to.include.members([...FAMILIES.map(({ name }) => name), ...own]);
  });
});

describe('a partial figure', () => {
  const guards = (expr: string): (string | null)[] =>
    selectors(substitute(expr))
      .filter(({ isFigure }) => isFigure)
      .map(({ guard }) => guard);

  it('is never asked for as if it were all', () => {
    let figures = 0;
    for (const { name, target } of targets) {
      for (const guard of guards(target.expr)) {
        expect(guard, `${name}: ${target.expr}`).not.to.be.null;
        figures++;
      }
    }
    expect(figures).to.be.greaterThan(40);
  });

  it('is known by the operation that tells it apart, and by no other', () => {
    expect(guards('vhi_total_vcpus_in_use{}')).to.deep.equal([null]);
    expect(guards('vhi_total_vcpus_in_use{} and vhi_snapshot_complete{} == 1')).to.deep.equal(['complete']);
    expect(guards('vhi_total_vcpus_in_use{} and vhi_snapshot_complete{} == 0')).to.deep.equal([null]);
    expect(guards('vhi_total_vcpus_in_use{} or vhi_snapshot_complete{} == 1')).to.deep.equal([null]);
    expect(guards('vhi_total_vcpus_in_use{} and vhi_domain_collect_errors{} == 0')).to.deep.equal([null]);
    expect(guards('sum(vhi_domain_servers{} unless vhi_domain_collect_errors{} == 0)')).to.deep.equal(['partial']);
    expect(guards('vhi_domain_projects{} / (vhi_total_vcpus_in_use{})')).to.deep.equal([null, null]);
    expect(guards('vhi_domain_projects{} - (vhi_total_vcpus_in_use{} and vhi_snapshot_complete{} == 1)')).to.deep.equal(
      [null, 'complete'],
    );
  });

  it('is orange, says "at least", and is a point on a graph; a complete one is none of that', () => {
    for (const { name, panel, target } of targets) {
      const found = new Set(guards(target.expr));
      const own = overridden(panel, target.refId);
      if (found.size === 1 && found.has('partial')) {
        expect(target.legendFormat, name).to.match(/partial: at least$/);
        expect(own.get('color'), name).to.deep.equal(ORANGE);
        if (panel.type === 'timeseries') expect(own.get('custom.drawStyle'), name).to.equal('points');
      } else {
        expect(target.legendFormat, name).not.to.include('at least');
        expect(own.get('color'), name).not.to.deep.equal(ORANGE);
      }
      if (found.size === 2) expect(target.expr, name).to.include('"partial: at least"');
    }
  });

  it('is shown beside complete ones, or the panel says that it shows complete ones only', () => {
    for (const { name, panel } of panels) {
      const found = new Set((panel.targets ?? []).flatMap(({ expr }) => guards(expr)));
      if (!found.has('complete') || found.has('partial')) continue;
      expect(panel.description, name).to.match(/[Cc]omplete (totals|figures) only/);
    }
  });

  it('never joins a line over the gap that it leaves, and is never stacked', () => {
    for (const { name, panel } of panels) {
      if (panel.type !== 'timeseries') continue;
      const custom = panel.fieldConfig?.defaults.custom;
      expect(custom?.spanNulls, name).to.be.false;
      expect(custom?.stacking, name).to.be.undefined;
    }
  });
});

describe('the example of provisioning', () => {
  const read = (path: string): Record<string, unknown> =>
    parseYaml(readFileSync(new URL(`../../grafana/provisioning/${path}`, import.meta.url), 'utf8')) as Record<
      string,
      unknown
    >;

  it('has a Prometheus as data source', () => {
    expect(read('datasources/vhi.yml')).to.have.nested.property('datasources[0].type', 'prometheus');
  });

  it('reads the dashboards from a folder', () => {
    expect(read('dashboards/vhi.yml')).to.have.nested.property('providers[0].type', 'file');
    expect(read('dashboards/vhi.yml')).to.have.nested.property('providers[0].options.path').that.is.a('string');
  });
});
