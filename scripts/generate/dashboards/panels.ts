/**
 * Panels, by Grafana's own builders: each has a unit, and a description of what to do when it is
 * bad. Its data source is a variable, so that an import asks for one.
 */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  LegendDisplayMode,
  LegendPlacement,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

const GRAPH_HEIGHT = 8;
const FIGURE_HEIGHT = 4;
const REF_IDS = 'ABCDEFGH';

export type DataSource = 'prometheus' | 'cloudwatch';

/** The data source of a query or panel, as the variable names it. */
export const sourceOf = (type: DataSource): { type: string; uid: string } => ({
  type,
  uid: '${DS}',
});

export interface PanelText {
  readonly title: string;
  /** One of Grafana's units. */
  readonly unit: string;
  /** What to do when it is bad. */
  readonly remedy: string;
  /** Of 24 columns. */
  readonly width?: number;
}

export interface FigureText extends PanelText {
  /** From here on it is red. */
  readonly bad?: number;
}

export interface Queries {
  readonly source: DataSource;
  readonly targets: Builder<Dataquery>[];
}

/** What a series is called, where `{{label}}` is the value of a label, and its PromQL. */
export type NamedQuery = readonly [legend: string, expression: string];

function ask(queries: readonly NamedQuery[]): Queries {
  const targets = queries.map(([legend, expression], index) =>
    new DataqueryBuilder()
      .expr(expression)
      .legendFormat(legend)
      .range()
      .refId(REF_IDS.charAt(index)),
  );
  return { source: 'prometheus', targets };
}

/** Lines over time. */
export const graph = (text: PanelText, ...queries: readonly NamedQuery[]): Builder<Panel> =>
  graphOf(text, ask(queries));

export function graphOf(
  { title, unit, remedy, width = 12 }: PanelText,
  { source, targets }: Queries,
): Builder<Panel> {
  const legend = new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true);
  return new GraphBuilder()
    .title(title)
    .description(remedy)
    .unit(unit)
    .axisSoftMin(0)
    .fillOpacity(10)
    .span(width)
    .height(GRAPH_HEIGHT)
    .legend(legend)
    .datasource(sourceOf(source))
    .targets(targets);
}

/** The newest value, large. */
export const figure = (text: FigureText, expression: string): Builder<Panel> =>
  figureOf(text, ask([['', expression]]));

export function figureOf(
  { title, unit, remedy, width = 4, bad }: FigureText,
  { source, targets }: Queries,
): Builder<Panel> {
  const steps =
    bad === undefined
      ? [{ color: 'text', value: null }]
      : [
          { color: 'green', value: null },
          { color: 'red', value: bad },
        ];
  return new StatBuilder()
    .title(title)
    .description(remedy)
    .unit(unit)
    .span(width)
    .height(FIGURE_HEIGHT)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .datasource(sourceOf(source))
    .targets(targets);
}
