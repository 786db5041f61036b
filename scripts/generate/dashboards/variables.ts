/**
 * The variables of dashboards: what a reader chooses above the panels. The data source is one, so
 * that a dashboard can be imported anywhere; as Prometheus it lists AMP's own plugin too.
 */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type DataSource, sourceOf } from './panels.ts';

export type Variable = Builder<VariableModel>;

/** `DS`, by which each panel names its data source. */
export const sourceVariable = (type: DataSource): Variable =>
  new DatasourceVariableBuilder('DS').label('Data source').type(type);

/** The values of a label, and its name; `All` is any value, or none. */
export function labelVariable(label: string, title: string, selector: string): Variable {
  const query = `label_values(${selector}, ${label})`;
  return new QueryVariableBuilder(label)
    .label(title)
    .query(query)
    .definition(query)
    .datasource(sourceOf('prometheus'))
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' });
}

/** One of some values, the first of them at first, or another that is typed. */
export function choice(
  name: string,
  title: string,
  { description, values }: { readonly description: string; readonly values: readonly string[] },
): Variable {
  const [first = ''] = values;
  return new CustomVariableBuilder(name)
    .label(title)
    .description(description)
    .values(values.join(','))
    .allowCustomValue(true)
    .options(values.map((value) => ({ text: value, value, selected: value === first })))
    .current({ text: first, value: first });
}

/** Text that is typed. */
export const textVariable = (
  name: string,
  title: string,
  { description, value }: { readonly description: string; readonly value: string },
): Variable =>
  new TextBoxVariableBuilder(name)
    .label(title)
    .description(description)
    .defaultValue(value)
    .options([{ text: value, value, selected: true }])
    .current({ text: value, value });
