/**
 * Prometheus' own configuration test data: good files are accepted, bad ones refused. A file that needs a feature which
 * a collector does not have is right when it is refused by that feature's name. The score may only rise.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { checkConfigFile } from '../../src/config/load.ts';
import { formatFinding } from '../../src/config/finding.ts';

const MINIMUM = 58;

const folder = ['../../../shared', '../../../../shared']
  .map((up) => fileURLToPath(new URL(`${up}/conformance/prometheus-config`, import.meta.url)))
  .find((path) => existsSync(path));

/** Files whose names do not say it. */
const expected: Readonly<Record<string, 'good' | 'bad'>> = {
  'agent_mode.with_alert_relabels.yml': 'bad',
  'agent_mode.with_rule_files.yml': 'bad',
};

test('Prometheus’ own configurations are accepted and refused as they should be', async (t) => {
  if (folder === undefined) {
    assert.equal(process.env['CI'], undefined, 'the shared conformance data is absent in CI');
    t.skip('no ../shared/conformance/prometheus-config');
    return;
  }
  const names = readdirSync(folder).filter((name) => name.endsWith('.yml'));
  const wrong: string[] = [];
  for (const name of names) {
    const { config, findings } = await checkConfigFile(join(folder, name), { env: {} });
    const wanted = expected[name] ?? (name.endsWith('.bad.yml') ? 'bad' : 'good');
    const errors = findings.filter((finding) => finding.severity === 'error');
    const byName = errors.length > 0 && errors.every(({ code }) => code === 'CONFIG_UNSUPPORTED');
    const right = wanted === 'bad' ? config === undefined : config !== undefined || byName;
    if (!right) wrong.push(`${name} (${wanted}): ${errors.map(formatFinding).join('; ')}`);
  }
  const score = names.length - wrong.length;
  t.diagnostic(`score ${score} of ${names.length}`);
  for (const line of wrong) t.diagnostic(`wrong: ${line}`);
  assert.ok(score >= MINIMUM, `score ${score} is below ${MINIMUM}:\n${wrong.join('\n')}`);
});
