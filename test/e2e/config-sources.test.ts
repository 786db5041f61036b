/**
 * A collector whose configuration lies in S3 or in SSM. A change takes effect within the interval
 * and costs no scrape; a broken one changes nothing and is reported; a start during an outage
 * works.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { type Running, startAmperage } from '../kit/processes.ts';
import { listen } from '../kit/listen.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());

const INTERVAL_MS = 250;

/** Starts targets `/one` and `/two` that record when they are scraped. */
async function startTargets(
  context: TestContext,
): Promise<{ host: string; scrapes: Map<string, number[]> }> {
  const scrapes = new Map<string, number[]>([
    ['/one', []],
    ['/two', []],
  ]);
  const server = createServer((request, response) => {
    scrapes.get(request.url ?? '')?.push(Date.now());
    response.end('a 1\n');
  });
  const { host } = await listen(context, server);
  return { host: host, scrapes };
}

const configuration = (host: string, jobs: readonly string[]): string =>
  [
    `global: { scrape_interval: ${INTERVAL_MS}ms, scrape_timeout: ${INTERVAL_MS}ms }`,
    'scrape_configs:',
    ...jobs.flatMap((job) => [
      `  - job_name: ${job}`,
      `    metrics_path: /${job}`,
      `    static_configs: [{ targets: ['${host}'] }]`,
    ]),
    '',
  ].join('\n');

function collect(context: TestContext, source: string, storage: string): Promise<Running> {
  return startAmperage(
    context,
    'collect',
    ['--config', source, '--config.auto-reload-interval', '1s', '--storage.path', storage],
    {
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    },
  );
}

async function metric(collector: Running, name: string): Promise<string> {
  const text = await (await fetch(`${collector.url}/metrics`)).text();
  return text.split('\n').find((line) => line.startsWith(name)) ?? '';
}

for (const kind of ['s3', 'ssm'] as const)
  test(`a configuration in ${kind} is followed, and no scrape is lost`, async (context) => {
    const options = { endpoint: aws.url, region: 'us-east-1', credentials: aws.credentials };
    const s3 = new S3Client({ ...options, forcePathStyle: true });
    const ssm = new SSMClient(options);
    context.after(() => {
      s3.destroy();
      ssm.destroy();
    });
    const put = async (text: string): Promise<void> => {
      if (kind === 's3') {
        await s3.send(new CreateBucketCommand({ Bucket: 'live' }));
        await s3.send(new PutObjectCommand({ Bucket: 'live', Key: 'p.yml', Body: text }));
        return;
      }
      const parameter = { Name: '/live', Type: 'String' as const, Overwrite: true };
      await ssm.send(new PutParameterCommand({ ...parameter, Value: text }));
    };
    const source = kind === 's3' ? 's3://live/p.yml' : 'ssm:/live';
    const { host, scrapes } = await startTargets(context);
    const storage = path.join(temporaryFolder(context), 'queue');
    const [one, two] = [scrapes.get('/one')!, scrapes.get('/two')!];
    await put(configuration(host, ['one']));
    const collector = await collect(context, source, storage);
    await until('scrapes', 5_000, () => one.length > 3);
    const changedAt = Date.now();
    await put(configuration(host, ['one', 'two']));
    await until('the new job', 5_000, () => two.length > 3);
    assert.ok(two[0]! - changedAt < 3_000, `${two[0]! - changedAt} ms`);
    await put('scrape_configs: [{ job_name: one, scrape_intervall: 1s }]\n');
    await until('a complaint', 5_000, async () =>
      (await metric(collector, 'prometheus_config_last_reload_successful')).endsWith(' 0'),
    );
    assert.match(collector.output(), /not reloaded.*did you mean/);
    const before = two.length;
    await until('scrapes go on', 5_000, () => two.length > before + 2);
    const gaps = one.slice(1).map((at, index) => at - one[index]!);
    assert.ok(Math.max(...gaps) < 1.9 * INTERVAL_MS, `a gap of ${Math.max(...gaps)} ms`);
    assert.match(
      await metric(collector, 'amperage_config_source_info'),
      /source="(?:s3|ssm):.*\} 1/,
    );
    collector.child.kill('SIGTERM');
    await collector.exited;
    aws.cloud.trouble.set({ faults: [{ code: 'ServiceUnavailable', status: 503 }] });
    const again = await collect(context, source, storage);
    await until('it scrapes all the same', 10_000, () => two.at(-1)! > Date.now() - 500);
    assert.match(again.output(), /its last good text serves/);
    aws.cloud.trouble.set({});
  });
