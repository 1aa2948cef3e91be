import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DynamicConfigValue,
  type Panel,
  type Threshold,
  type ThresholdsConfig,
  type ValueMap,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

/** The data source that is chosen above the dashboard: nothing in it knows one by name. */
export const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' };

/** What every panel says of itself. */
export interface PanelText {
  title: string;
  description: string;
  unit: string;
  /** Width of 24, and height, in Grafana's grid. */
  size: readonly [number, number];
  /** What is shown where there is no series. */
  noValue?: string;
  decimals?: number;
  thresholds?: readonly Threshold[];
}

/** An amount, with the reader's separators, and so many decimals that a small one is no zero; its currency is a label. */
export const MONEY = 'locale';

export interface Query {
  expr: string;
  legend?: string;
  /** Figures that are known not to be all: in a colour of their own, and named so. */
  partial?: boolean;
  /** A line that is a limit: drawn red and dashed. */
  limit?: boolean;
}

/** What all of the SDK's panel builders can do; they have no common type. */
interface AnyPanel extends Builder<Panel> {
  title(text: string): this;
  description(text: string): this;
  datasource(ref: typeof DATA_SOURCE): this;
  span(width: number): this;
  height(height: number): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  noValue(text: string): this;
  thresholds(thresholds: Builder<ThresholdsConfig>): this;
  withTarget(target: Builder<Dataquery>): this;
  overrideByQuery(refId: string, properties: DynamicConfigValue[]): this;
}

const PARTIAL = 'partial: at least';
export const ORANGE: DynamicConfigValue = { id: 'color', value: { mode: 'fixed', fixedColor: 'orange' } };

const reduced = (): ReduceDataOptionsBuilder => new ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']);
const coloured = (mode: FieldColorModeId): FieldColorBuilder => new FieldColorBuilder().mode(mode);
const refId = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

export const target = ({ expr, legend = '', partial = false }: Query, index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .refId(refId(index))
    .datasource(DATA_SOURCE)
    .editorMode(QueryEditorMode.Code)
    .expr(expr)
    .legendFormat(partial ? `${legend} ${PARTIAL}`.trim() : legend);

export function described<P extends AnyPanel>(panel: P, text: PanelText): P {
  const steps = [...(text.thresholds ?? [{ value: null, color: 'blue' }])];
  panel
    .title(text.title)
    .description(text.description)
    .datasource(DATA_SOURCE)
    .span(text.size[0])
    .height(text.size[1])
    .unit(text.unit)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps));
  if (text.decimals !== undefined) panel.decimals(text.decimals);
  if (text.noValue !== undefined) panel.noValue(text.noValue);
  return panel;
}

/** Big figures, as of now: an instant query, so that no figure outlives the scrape that brought it. */
export function stat(text: PanelText, queries: readonly Query[], mappings: ValueMap[] = []): Stat {
  const panel = described(new Stat(), { noValue: 'no number', ...text })
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.ValueAndName)
    .reduceOptions(reduced())
    .colorScheme(coloured(FieldColorModeId.Thresholds))
    .mappings(mappings);
  queries.forEach((query, index) => {
    panel.withTarget(target(query, index).instant());
    if (query.partial) panel.overrideByQuery(refId(index), [ORANGE]);
  });
  return panel;
}

/** Lines over time: partial figures are points beside the line, which has a gap there. */
export function graph(text: PanelText, queries: readonly Query[], style = GraphDrawStyle.Line): TimeSeries {
  const panel = described(new TimeSeries(), text)
    .drawStyle(style)
    .lineWidth(1)
    .fillOpacity(style === GraphDrawStyle.Bars ? 60 : 8)
    .showPoints(VisibilityMode.Auto)
    .spanNulls(false)
    .axisSoftMin(0)
    .colorScheme(coloured(FieldColorModeId.PaletteClassic))
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  queries.forEach((query, index) => {
    panel.withTarget(target(query, index).range());
    if (query.partial) panel.overrideByQuery(refId(index), [ORANGE, ...POINTS]);
    if (query.limit) panel.overrideByQuery(refId(index), LIMIT);
  });
  return panel;
}

const POINTS: DynamicConfigValue[] = [
  { id: 'custom.drawStyle', value: GraphDrawStyle.Points },
  { id: 'custom.pointSize', value: 6 },
];

const LIMIT: DynamicConfigValue[] = [
  { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
  { id: 'custom.fillOpacity', value: 0 },
];

const legend = (): VizLegendOptionsBuilder =>
  new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);

/** A bar for each series, as of now. */
export function bars(text: PanelText, queries: readonly Query[]): BarGauge {
  const panel = described(new BarGauge(), { noValue: 'no number', ...text })
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .showUnfilled(true)
    .reduceOptions(reduced())
    .colorScheme(coloured(FieldColorModeId.Thresholds))
    .min(0);
  queries.forEach((query, index) => {
    panel.withTarget(target(query, index).instant());
    if (query.partial) panel.overrideByQuery(refId(index), [ORANGE]);
  });
  return panel;
}

/** A row for each series, as of now, its labels as columns. */
export function table(text: PanelText, queries: readonly Query[]): Table {
  const panel = described(new Table(), text).showHeader(true);
  queries.forEach((query, index) => panel.withTarget(target(query, index).instant().format(PromQueryFormat.Table)));
  return panel;
}

/** A band for each series, coloured by its value. */
export function timeline(text: PanelText, queries: readonly Query[], mappings: ValueMap[] = []): StateTimeline {
  const panel = described(new StateTimeline(), text)
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(70)
    .spanNulls(false)
    .colorScheme(coloured(FieldColorModeId.Thresholds))
    .mappings(mappings)
    .legend(legend());
  queries.forEach((query, index) => panel.withTarget(target(query, index).range()));
  return panel;
}

/** Texts and colours in place of numbers. */
export const words = (options: Record<string, { text: string; color: string }>): ValueMap => ({
  type: MappingType.ValueToText,
  options,
});

/** Whether a file that is read live is in force as it is now. */
export const FILE = words({ 0: { text: 'not taken over', color: 'red' }, 1: { text: 'in force', color: 'green' } });
