/** Every query of the dashboards, asked of a workspace, and its answers judged. */
import assert from 'node:assert/strict';
import {
  type Dashboard,
  fillIn,
  listPanels,
  readDashboards,
  textOf,
  type Variable,
} from './dashboards.ts';
import type { Series } from './processes.ts';

/** A workspace that answers requests of Prometheus' API, with the `data` of its answer. */
export interface AskedWorkspace {
  readonly query: (expression: string) => Promise<readonly Series[]>;
  readonly labelValues: (label: string, selector: string) => Promise<readonly string[]>;
}

export interface DashboardQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly expression: string;
  readonly legend: string;
}

/**
 * The queries of all dashboards on Prometheus, with the values that their variables have, and again
 * with all values.
 *
 * @param builtIn  the values of Grafana's own variables
 */
export async function listQueries(
  workspace: AskedWorkspace,
  builtIn: Readonly<Record<string, string>>,
): Promise<readonly DashboardQuery[]> {
  const queries: DashboardQuery[] = [];
  for (const [name, dashboard] of readDashboards()) {
    if (name === 'amp-usage') continue;
    const values = await chooseValues(workspace, dashboard, builtIn);
    const all = Object.fromEntries(
      dashboard.templating.list
        .filter(({ type }) => type === 'query')
        .map((variable) => [variable.name, '.*']),
    );
    for (const { title, targets } of listPanels(dashboard))
      for (const { expr = '', legendFormat: legend = '' } of targets)
        for (const chosen of [values, { ...values, ...all }]) {
          const expression = fillIn(expr, chosen);
          queries.push({ dashboard: name, panel: title, expression, legend });
        }
  }
  return queries;
}

/** What is wrong with the answers, by the name of the panel. */
export async function findUnanswered(
  workspace: AskedWorkspace,
  queries: readonly DashboardQuery[],
): Promise<ReadonlyMap<string, string>> {
  const faults = new Map<string, string>();
  for (const query of queries) {
    const fault = await judge(workspace, query);
    if (fault !== undefined) faults.set(`${query.dashboard}: ${query.panel}`, fault);
  }
  return faults;
}

/** The values of `label_values(selector, label)`, as Grafana asks for them. */
async function askValues(workspace: AskedWorkspace, text: string): Promise<readonly string[]> {
  const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(text) ?? [];
  return workspace.labelValues(label, selector);
}

async function chooseValues(
  workspace: AskedWorkspace,
  { templating }: Dashboard,
  builtIn: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const values: Record<string, string> = { ...builtIn };
  const choose = async (variable: Variable): Promise<string> => {
    if (variable.type !== 'query') return variable.current?.value ?? '';
    const text = textOf(variable);
    const found = await askValues(workspace, fillIn(text, values));
    assert.ok(found.length > 0, `no value of ${variable.name} by ${text}`);
    return found[0] ?? '';
  };
  for (const variable of templating.list) values[variable.name] = await choose(variable);
  return values;
}

/** What is wrong with the answer to a query; undefined where a series with a number answers. */
async function judge(
  workspace: AskedWorkspace,
  { expression, legend }: DashboardQuery,
): Promise<string | undefined> {
  const series = await workspace.query(expression);
  const numbers = series.filter(({ value }) => Number.isFinite(Number(value?.[1])));
  if (numbers.length === 0) return `${series.length} series, none with a number: ${expression}`;
  const labels = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
  const absent = labels.filter((label) =>
    series.every(({ metric }) => metric[label] === undefined),
  );
  return absent.length === 0 ? undefined : `no label ${absent.join()}: ${expression}`;
}
