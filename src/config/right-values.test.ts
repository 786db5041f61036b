import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatFinding } from '../settings/finding.ts';
import { checkConfigText } from './load.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { CONFIGURATION_ROWS } from '../../test/kit/configuration-rows.ts';

test('what Prometheus takes is taken, and what it refuses is refused with words', async () => {
  for (const { text, here, says } of CONFIGURATION_ROWS) {
    const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
    const lines = findings.map(formatFinding);
    assert.equal(plan === undefined ? 'refused' : 'taken', here, `${text}\n${lines.join('\n')}`);
    assert.equal(lines.length, says.length, `${text}\n${lines.join('\n')}`);
    for (const [index, line] of lines.entries()) assert.match(line, says[index] ?? /^$/, text);
  }
});

test('numbers are read as Prometheus reads them', async () => {
  const written = { '1e3': 1_000, '1_000': 1_000, '0x10': 16, '010': 8, '1.0': 1, '0b11': 3 };
  for (const [text, read] of Object.entries(written)) {
    const config = `scrape_configs: [{ job_name: a, sample_limit: ${text} }]`;
    const { plan } = await checkConfigText(config, 'c.yml', { env: {} });
    assert.equal(plan?.sources[0]?.scrape.limits.samples, read, text);
  }
});

test('a switch in quotes is found in files that are included too', async (context) => {
  const folder = temporaryFolder(context);
  const included = 'scrape_configs: [{ job_name: a, honor_labels: "no" }]';
  await writeFile(join(folder, 'jobs.yml'), included);
  const text = 'scrape_config_files: [jobs.yml]';
  const { plan, findings } = await checkConfigText(text, join(folder, 'c.yml'), { env: {} });
  assert.equal(plan, undefined);
  assert.match(
    findings.map(formatFinding).join('\n'),
    /jobs\.yml:1:47: "honor_labels" is true or fa/,
  );
});

test('a switch from the environment is taken, though it stands in quotes', async () => {
  const text = 'scrape_configs: [{ job_name: a, honor_labels: "${env:ON}" }]';
  const { plan } = await checkConfigText(text, 'c.yml', { env: { ON: 'true' } });
  assert.equal(plan?.sources[0]?.scrape.honorLabels, true);
});
