import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createScraperCommand } from './scraper.ts';

const GOOD = `global:
  scrape_interval: 30s
  external_labels: { cluster: prod }
scrape_configs:
  - job_name: webapp
    metrics_path: /metrics
    dns_sd_configs: [{ names: [webapp.ecs-services], type: A, port: 3000 }]
    metric_relabel_configs: [{ source_labels: [__name__], regex: go_.*, action: drop }]
`;
const FLAGS = [
  '--workspace', 'arn:aws:aps:eu-west-1:123456789012:workspace/ws-1',
  '--subnets', 'subnet-0a1b2c3d', 'subnet-4e5f6a7b', '--security-groups', 'sg-0a1b2c3d',
]; // prettier-ignore

async function run(context: TestContext, text: string): Promise<{ file: string; output: string }> {
  const file = path.join(temporaryFolder(context), 'prometheus.yml');
  writeFileSync(file, text);
  let output = '';
  const command = createScraperCommand((more) => (output += more)).exitOverride();
  await command.parseAsync([file, ...FLAGS], { from: 'user' });
  return { file, output };
}

test('the configuration is in the input as it stands', async (context) => {
  const { output } = await run(context, GOOD);
  const input = JSON.parse(output) as { scrapeConfiguration: { configurationBlob: string } };
  const { configurationBlob } = input.scrapeConfiguration;
  assert.equal(Buffer.from(configurationBlob, 'base64').toString(), GOOD);
});

test('what the collectors of AWS do not take is refused at its line', async (context) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    [`${GOOD}remote_write: [{ url: http://a/b }]\n`, /:9:1: .*no remote_write: samples go to the/],
    [
      GOOD.replace(
        'dns_sd_configs: [{ names: [webapp.ecs-services], type: A, port: 3000 }]',
        'http_sd_configs: [{ url: http://a }]',
      ),
      /:7:5: .*no http_sd_configs: write dns_sd_configs with the names/,
    ],
    [GOOD.replace('external_labels', 'query_log_file: q\n  external_labels'), /no query_log_file/],
    [
      `${GOOD}    basic_auth: { username: a, password: b }\n`,
      /:9:5: .*no basic_auth: leave it out/,
    ],
    [GOOD.replace('job_name: webapp', 'job_nam: webapp'), /:5:5: .*job_nam/],
    [GOOD.replace('30s', 'often'), /:2:20: .*often/],
    ['global: {}\n', /no job in scrape_configs/],
  ];
  for (const [text, message] of rows) await assert.rejects(run(context, text), message);
});
