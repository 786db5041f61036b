/**
 * The dashboards of the package: what each panel says, that its queries can be read, and that they
 * ask for metrics that exist. test/e2e/dashboards.test.ts asks them of a workspace.
 */
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createGenerateCommand } from '../../src/commands/generate.ts';
import { ConfigError } from '../../src/kernel/errors.ts';
import { parseQuery } from '../../src/workspace/promql/parser.ts';
import { printExpression } from '../../src/workspace/promql/printer.ts';
import {
  type Dashboard,
  DASHBOARDS,
  fillIn,
  listPanels,
  listVariables,
  type Panel,
  readDashboards,
} from '../kit/dashboards.ts';
import { listArtefacts, skipWithoutArticles } from '../kit/articles.ts';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { temporaryFolder } from '../kit/folder.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const dashboards = readDashboards();
/** Of Grafana itself. */
const BUILT_IN = { __rate_interval: '1m', __range: '1h' };
const WIDTH = 24;

function eachPanel(judge: (panel: Panel, where: string, dashboard: Dashboard) => void): void {
  for (const [name, dashboard] of dashboards)
    for (const panel of listPanels(dashboard)) judge(panel, `${name}: ${panel.title}`, dashboard);
}

test('each panel has a title, a unit, and what to do when it is bad', () => {
  let count = 0;
  eachPanel(({ title, description, fieldConfig, datasource, targets }, where) => {
    count++;
    assert.ok(title.length > 2, where);
    assert.ok(fieldConfig.defaults.unit, `${where} has no unit`);
    assert.ok(description.length > 20 && description.endsWith('.'), `${where}: ${description}`);
    assert.equal(datasource.uid, '${DS}', where);
    assert.ok(targets.length > 0, where);
  });
  assert.ok(count > 90, String(count));
});

test('a dashboard has a uid of its name, which Grafana takes, and asks for a data source', () => {
  assert.deepEqual(
    [...dashboards.keys()],
    ['amp-usage', 'articles', 'collector', 'service', 'tasks'],
  );
  for (const [name, { uid, templating, title, description }] of dashboards) {
    assert.equal(uid, `amperage-${name}`);
    assert.match(uid, /^[\w-]{1,40}$/);
    assert.ok(title && description, name);
    const [source] = templating.list;
    const kind = name === 'amp-usage' ? 'cloudwatch' : 'prometheus';
    assert.deepEqual([source?.name, source?.type, source?.query], ['DS', 'datasource', kind]);
    assert.doesNotMatch(JSON.stringify(dashboards.get(name)), /__inputs|"id":0/);
  }
});

test('panels have ids of their own, and lie side by side', () => {
  for (const [name, { panels }] of dashboards) {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, name);
    const taken = new Map<string, string>();
    for (const { gridPos, title } of panels) {
      assert.ok(gridPos.x + gridPos.w <= WIDTH, `${name}: ${title} is too wide`);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x},${y}`), `${name}: ${title} on ${taken.get(`${x},${y}`)}`);
          taken.set(`${x},${y}`, title);
        }
    }
  }
});

test('each variable that is named is there, and each that is there is named', () => {
  for (const [name, dashboard] of dashboards) {
    const declared = dashboard.templating.list.map((variable) => variable.name);
    const text = JSON.stringify([
      listPanels(dashboard),
      dashboard.templating.list.map(({ query, datasource }) => ({ query, datasource })),
    ]);
    // A label of CloudWatch is in the same form: ${PROP('Dim.Reason')}.
    const named = new Set(listVariables(text).filter((one) => !(one in BUILT_IN)));
    assert.deepEqual([...named].sort(), declared.toSorted(), name);
  }
});

/** Values for variables that name metrics and matchers. */
function firstValues({ templating }: Dashboard): Record<string, string> {
  const chosen = templating.list
    .filter(({ type }) => type === 'custom')
    .map(({ name, current }) => [name, current?.value ?? ''] as const);
  return { ...BUILT_IN, ...Object.fromEntries(chosen) };
}

/** The names of metrics that a query selects by. */
function namesOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(namesOf);
  const { type, metric } = node as Record<string, unknown>;
  const own = type === 'vector' && typeof metric === 'string' ? [metric] : [];
  return [...own, ...Object.values(node).flatMap(namesOf)];
}

/** What the exporter serves with all profiles, as its recorded pages have it. */
const SERVED = new Set(
  ['everything.txt', 'everything.profiles.txt', 'fargate.ecs_cpu_percent.txt'].flatMap((file) => {
    const page = readFileSync(path.join(ROOT, 'test/golden/exporter', file), 'utf8');
    return [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  }),
);
/** What a scrape adds, and what node-exporter serves. */
const OTHERS = new Set(['scrape_samples_post_metric_relabeling', 'node_cpu_seconds_total']);
const code = globSync('src/**/*.ts', { cwd: ROOT })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
  .join('\n');
const page = readFileSync(path.join(ROOT, 'docs/metrics.md'), 'utf8');

function exists(name: string): boolean {
  const own = name.replace(/_(?:bucket|sum|count)$/, '');
  if (SERVED.has(name) || OTHERS.has(name) || page.includes(`\`${own}\``)) return true;
  const composed = own.replace(/^prometheus_remote_storage_/, '');
  return (
    !own.startsWith('ecs_') && new RegExp(`['\`](?:\\$\\{PREFIX\\})?${composed}['\`]`).test(code)
  );
}

test('each query of PromQL can be read, and asks for metrics that exist', () => {
  let count = 0;
  eachPanel(({ targets }, where, dashboard) => {
    for (const { expr } of targets) {
      if (expr === undefined) continue;
      const query = fillIn(expr, firstValues(dashboard));
      const names = namesOf(parseQuery(query));
      assert.ok(names.length > 0, `${where}: ${query}`);
      for (const name of names) assert.ok(exists(name), `${where} asks for ${name}`);
      count += 1;
    }
  });
  assert.ok(count > 100, String(count));
  assert.equal(exists('amperage_sink_items_lost_total'), false);
  assert.equal(exists('prometheus_remote_storage_samples_lost_total'), false);
});

async function run(...words: readonly string[]): Promise<string> {
  let printed = '';
  await createGenerateCommand((part) => {
    printed += part;
  }).parseAsync(['dashboards', ...words], { from: 'user' });
  return printed;
}

test('"generate dashboards" lists them, and writes them where it is told', async (context) => {
  const listed = await run();
  assert.deepEqual(
    listed.split('\n').filter(Boolean),
    [...dashboards].map(([name, { title }]) => `${`${name}.json`.padEnd(16)} ${title}`),
  );
  const folder = path.join(temporaryFolder(context), 'new', 'folder');
  const written = await run('--output', folder);
  const names = readdirSync(DASHBOARDS);
  assert.equal(written, names.map((name) => `${path.join(folder, name)}\n`).join(''));
  for (const name of names)
    assert.equal(
      readFileSync(path.join(folder, name), 'utf8'),
      readFileSync(path.join(DASHBOARDS, name), 'utf8'),
    );
  await assert.rejects(
    run('--output', path.join(folder, names[0] ?? '')),
    (error) => error instanceof ConfigError && error.message.includes("can't be written"),
  );
});

interface PublishedDashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

/** Every query of the dashboard of the articles' panels, as Grafana would send it. */
const ofArticles = listPanels(dashboards.get('articles') as Dashboard).flatMap(({ targets }) =>
  targets.map(({ expr = '' }) => fillIn(expr, BUILT_IN)),
);

test(
  'the articles dashboard asks what the dashboard "ECS Task Monitoring" asks',
  { skip: skipWithoutConformance },
  () => {
    const file = conformancePath('dashboards', 'amp-ecs-task-monitoring.json');
    const { panels } = JSON.parse(readFileSync(file, 'utf8')) as PublishedDashboard;
    const asked = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    assert.equal(asked.length, 7);
    // Two spellings of one query have one form, but for parentheses that need not be.
    const formOf = (text: string): string =>
      printExpression(parseQuery(text)).replaceAll(/[\s()]/g, '');
    const ours = new Set(ofArticles.map(formOf));
    assert.deepEqual(
      asked.map(formOf).filter((form) => !ours.has(form)),
      [],
    );
  },
);

test(
  'the articles dashboard asks for what the queries of the articles ask for',
  { skip: skipWithoutArticles },
  () => {
    const ours = new Set(ofArticles.map((text) => namesOf(parseQuery(text)).join()));
    const shown = Object.entries(listArtefacts()).filter(([name]) => / query/.test(name));
    assert.ok(shown.length >= 7, String(shown.length));
    for (const [name, text] of shown) {
      // The pages show quotation marks of typography, and one misspelt name.
      const query = text.replaceAll(/[“”]/g, '"').replaceAll('durtaion', 'duration');
      assert.ok(ours.has(namesOf(parseQuery(query)).join()), `${name}: ${query}`);
    }
  },
);
