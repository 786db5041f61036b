/**
 * The alerting rules of the package: they ask for metrics that exist, fire as they should, and have
 * a section each that says what to do.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { createGenerateCommand } from '../../src/commands/generate.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { changeSeries, ILL, WELL } from './alert-cases.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FILE = path.join(ROOT, 'alerts/amperage.yml');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const text = read('alerts/amperage.yml');

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const rules = (parse(text) as RuleFile).groups.flatMap((group) => group.rules);
const METRIC = /\b(?:amperage|prometheus|queue)_\w+/g;

/** The names of metrics in a text, those of a histogram's series by its own name. */
function listNames(words: string): string[] {
  return [...words.matchAll(METRIC)].map(([name]) => name.replace(/_(?:bucket|count)$/, ''));
}

test('each rule, the series that it is tried with, and the page ask for metrics that there are', () => {
  const known = new Set(
    [...read('docs/metrics.md').matchAll(/^\| `(\w+)` /gm)].map(([, one]) => one),
  );
  for (const { alert, expr } of rules) {
    const names = listNames(expr);
    assert.ok(names.length > 0, alert);
    for (const name of names) assert.ok(known.has(name), `${alert} asks for ${name}`);
  }
  for (const name of listNames(Object.keys(WELL).join('\n'))) assert.ok(known.has(name), name);
  const quoted = [...read('docs/alerts.md').matchAll(/`([^`]+)`/g)]
    .map(([, one]) => one)
    .join('\n');
  for (const name of listNames(quoted)) assert.ok(known.has(name), `docs/alerts.md: ${name}`);
});

test('each rule says what is so and what to do, and has a section of its own', () => {
  const sections = [...read('docs/alerts.md').matchAll(/^## (Amperage\w+)$/gm)].map(
    ([, one]) => one,
  );
  assert.deepEqual(
    sections,
    rules.map(({ alert }) => alert),
  );
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels['severity'] ?? '', /^(?:warning|critical)$/, alert);
    assert.deepEqual(Object.keys(annotations), ['summary', 'description', 'runbook'], alert);
    assert.equal(annotations['runbook'], `docs/alerts.md#${alert.toLowerCase()}`);
  }
});

test('"generate alerts" prints them', async () => {
  let printed = '';
  await createGenerateCommand((part) => {
    printed += part;
  }).parseAsync(['alerts'], { from: 'user' });
  assert.equal(printed, text);
});

test('promtool: each fires, and it alone, where its series change; none where all is well', (context) => {
  const peers = skipUnlessPeer(context, 'promtool');
  if (peers === undefined) return;
  const { promtool } = peers;
  execFileSync(promtool, ['check', 'rules', '--lint-fatal', FILE], { stdio: 'pipe' });
  assert.deepEqual(new Set(ILL.map(([alert]) => alert)), new Set(rules.map(({ alert }) => alert)));
  const tests = [['none', {}] as const, ...ILL].map(([alert, changes]) => ({
    name: `${alert}: ${JSON.stringify(changes)}`,
    interval: '1m',
    input_series: Object.entries(changeSeries(changes)).map(([series, values]) => ({
      series,
      values,
    })),
    promql_expr_test: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: '50m',
        exp_samples: alert === 'none' ? [] : [{ labels: `{alertname="${alert}"}`, value: 1 }],
      },
    ],
  }));
  const file = path.join(temporaryFolder(context), 'tests.yml');
  writeFileSync(file, JSON.stringify({ rule_files: [FILE], evaluation_interval: '1m', tests }));
  const { stdout } = runTests(promtool, file);
  assert.match(stdout, /SUCCESS/, stdout);
});

function runTests(promtool: string, file: string): { readonly stdout: string } {
  try {
    return {
      stdout: execFileSync(promtool, ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' }),
    };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { stdout: `${stdout}${stderr}` };
  }
}
