/** The alerting rules of the package: they ask for metrics that exist, and fire as they should. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { parse } from 'yaml';
import { createGenerateCommand } from '../../src/commands/generate.ts';
import { skipUnlessPeer } from '../kit/peers.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FILE = path.join(ROOT, 'alerts/amperage.yml');
const text = readFileSync(FILE, 'utf8');

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const rules = (parse(text) as RuleFile).groups.flatMap((group) => group.rules);

test('each rule asks for metrics of the code, and says what to do', () => {
  const code = globSync('src/**/*.ts', { cwd: ROOT })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
    .join('\n');
  for (const { alert, expr, annotations } of rules) {
    const names = expr.match(/\b(?:amperage|prometheus)_\w+/g) ?? [];
    assert.ok(names.length > 0, alert);
    for (const name of names) {
      const own = name.replace(/_bucket$/, '').replace(/^prometheus_remote_storage_/, '');
      assert.match(code, new RegExp(`\\b${own}\\b`), `${alert} asks for ${name}`);
    }
    assert.ok(annotations['summary'] && annotations['remedy'], alert);
  }
  assert.equal(rules.length, 8);
});

test('"generate alerts" prints them', async () => {
  let printed = '';
  await createGenerateCommand((part) => {
    printed += part;
  }).parseAsync(['alerts'], { from: 'user' });
  assert.equal(printed, text);
});

test('promtool: they are valid, fire when all is ill, and not when all is well', (context) => {
  const peers = skipUnlessPeer(context, 'promtool');
  if (peers === undefined) return;
  const { promtool } = peers;
  const tests = path.join(import.meta.dirname, 'alerts.promtool.yml');
  assert.match(execFileSync(promtool, ['check', 'rules', FILE], { encoding: 'utf8' }), /8 rules/);
  execFileSync(promtool, ['test', 'rules', tests], { stdio: 'pipe' });
});
