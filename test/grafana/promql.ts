import { readFileSync } from 'node:fs';

import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { Histogram, type Metric } from 'prom-client';
import { parse } from 'yaml';

import { FAMILIES } from '../../src/metrics/families.js';
import { SelfMetrics } from '../../src/metrics/self.js';

/** What Prometheus itself adds to every target. */
const OF_PROMETHEUS = ['up', 'scrape_duration_seconds'];
const OF_TARGETS = ['job', 'instance'];

/** What the rules record, with the labels that their level and the currencies of money bring. */
function recordedSeries(): [string, Set<string>][] {
  const rules = ['recording', 'cost'].flatMap((name) => {
    const text = readFileSync(new URL(`../../prometheus/${name}.rules.yml`, import.meta.url), 'utf8');
    return (parse(text) as { groups: { rules: { record: string }[] }[] }).groups.flatMap((group) => group.rules);
  });
  return rules.map(({ record }) => [
    record,
    new Set([
      ...(record.startsWith('calendar:') ? [] : OF_TARGETS),
      ...(record.startsWith('domain:') ? ['domain'] : []),
      ...(record.includes('_cost') ? ['currency', 'month'] : []),
    ]),
  ]);
}

/** Metrics that a failure makes smaller than the truth. */
const FIGURES = FAMILIES.map(({ name }) => name).filter((name) =>
  /_in_use$|^vhi_domain_(servers|projects)$/.test(name),
);

/** Which samples of a figure a query asks for. */
export type Guard = 'complete' | 'partial';

export interface Selector {
  metric: string;
  labels: string[];
  /** Null where nothing tells whether the figure is all. */
  guard: Guard | null;
  isFigure: boolean;
}

/** The names of all series that there may be, each with its labels. */
export function knownSeries(): Map<string, Set<string>> {
  const self = new SelfMetrics({ build: { version: '1', nodeVersion: '1' }, withProcess: true });
  const series = new Map(FAMILIES.map(({ name, labels }) => [name, new Set([...labels, ...OF_TARGETS])]));
  for (const metric of self.all() as (Metric & { name: string; labelNames: string[] })[]) {
    const labels = [...metric.labelNames, ...OF_TARGETS];
    const suffixes = metric instanceof Histogram ? ['_bucket', '_sum', '_count'] : [''];
    for (const suffix of suffixes) {
      series.set(metric.name + suffix, new Set(suffix === '_bucket' ? [...labels, 'le'] : labels));
    }
  }
  for (const name of OF_PROMETHEUS) series.set(name, new Set(OF_TARGETS));
  for (const [name, labels] of recordedSeries()) series.set(name, labels);
  return series;
}

/** Parts of the text that the grammar could not read. */
export function unreadable(expr: string): string[] {
  return nodes(parser.parse(expr))
    .filter(({ type }) => type.isError)
    .map(({ from, to }) => `${from}: ${expr.slice(from, to + 10)}`);
}

/** Labels that the query groups or joins by. */
export const groupings = (expr: string): string[] =>
  nodes(parser.parse(expr))
    .filter(({ name }) => name === 'GroupingLabels')
    .flatMap((node) => node.getChildren('LabelName').map(({ from, to }) => expr.slice(from, to)));

export const selectors = (expr: string): Selector[] =>
  nodes(parser.parse(expr))
    .filter(({ name }) => name === 'VectorSelector')
    .map((node) => {
      const metric = nameOf(node, expr);
      const isFigure = FIGURES.includes(metric);
      return { metric, labels: labelsOf(node, expr), guard: isFigure ? guardOf(node, expr) : null, isFigure };
    });

function nodes(tree: Tree): SyntaxNode[] {
  const all: SyntaxNode[] = [];
  tree.iterate({ enter: ({ node }) => void all.push(node) });
  return all;
}

function nameOf(selector: SyntaxNode, expr: string): string {
  const identifier = selector.getChild('Identifier');
  if (!identifier) throw new Error(`a selector without a name in ${expr}`);
  return expr.slice(identifier.from, identifier.to);
}

const labelsOf = (selector: SyntaxNode, expr: string): string[] =>
  (selector.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((matcher) => {
    const label = matcher.getChild('LabelName');
    return label ? expr.slice(label.from, label.to) : '';
  });

/** Of the innermost operation that binds the figure to the marks of completeness. */
function guardOf(selector: SyntaxNode, expr: string): Guard | null {
  for (let inner = selector, outer = inner.parent; outer; inner = outer, outer = outer.parent) {
    if (outer.name !== 'BinaryExpr') continue;
    const own = guardIn(outer, expr);
    if (own && outer.firstChild?.from === inner.from && bears(outer.lastChild, selector, expr)) return own;
    // A part of a total: what holds for the total holds for the parts that it was added up from.
    if (outer.getChild('Div') && outer.firstChild?.from === inner.from) {
      const total = outer.lastChild && innermostGuard(outer.lastChild, expr);
      if (total) return total;
    }
  }
  return null;
}

function guardIn(operation: SyntaxNode, expr: string): Guard | null {
  const mark = operation.lastChild;
  if (!mark || !MARK.test(expr.slice(mark.from, mark.to))) return null;
  if (operation.getChild('And')) return 'complete';
  return operation.getChild('Unless') ? 'partial' : null;
}

const MARK = /^(vhi_snapshot_complete\{[^}]*\} == 1|vhi_domain_collect_errors\{[^}]*\} == 0)$/;

/** A domain that is well says nothing of a total. */
const bears = (mark: SyntaxNode | null, figure: SyntaxNode, expr: string): boolean =>
  !nameOf(figure, expr).startsWith('vhi_total_') ||
  (mark !== null && expr.slice(mark.from, mark.to).startsWith('vhi_snapshot_complete'));

function innermostGuard(node: SyntaxNode, expr: string): Guard | null {
  const own = node.name === 'BinaryExpr' ? guardIn(node, expr) : null;
  if (own) return own;
  for (let child = node.firstChild; child; child = child.nextSibling) {
    const found = innermostGuard(child, expr);
    if (found) return found;
  }
  return null;
}
