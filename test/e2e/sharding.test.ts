/**
 * Collectors of one ECS service divide their targets: every target has exactly one collector, a new
 * collector takes over only its share, and the targets of one that leaves are taken over when it
 * has stopped.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { CHANGES, CONDITIONS, headline, formatRow, runChurn } from './churn/cases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { startAmperage } from '../kit/processes.ts';
import { serve } from '../kit/listen.ts';

/** @returns its `host:port` */
async function serveText(
  context: TestContext,
  answer: (url: string, agent: string) => string,
): Promise<string> {
  const { host } = await serve(context, ({ url = '', headers }, response) => {
    response.end(answer(url, headers['x-collector']?.toString() ?? ''));
  });
  return host;
}

test('membership and discovery of a collector draw from one budget of calls', async (context) => {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  const { ecs, ecsServices } = aws.account;
  const cluster = ecs.createCluster('collectors');
  ecs.register('collector', [{ name: 'collect', image: 'amperage' }]);
  ecsServices.create(cluster, {
    serviceName: 'collect',
    taskDefinition: 'collector',
    desiredCount: 0,
  });
  const { taskArn } = ecs.run(cluster, { taskDefinition: 'collector', group: 'service:collect' });
  const metadata = await serveText(context, () =>
    JSON.stringify({ TaskARN: taskArn, Cluster: 'collectors', ServiceName: 'collect' }),
  );
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(
    file,
    'scrape_configs: [{ job_name: j, amperage_ecs_sd_configs: [{ clusters: [collectors] }] }]\n',
  );
  const collector = await startAmperage(
    context,
    'collect',
    ['--config.file', file, '--storage.path', path.join(folder, 'queue'), '--shard', 'ecs'],
    {
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
      ECS_CONTAINER_METADATA_URI_V4: `http://${metadata}`,
    },
  );
  const metrics = async (): Promise<string> => (await fetch(`${collector.url}/metrics`)).text();
  await until('both have asked', 15_000, async () => {
    const text = await metrics();
    return /amperage_shard_members 1/.test(text) && /discovered_targets\{config="j"\}/.test(text);
  });
  assert.match(await metrics(), /amperage_sd_call_buckets\{category="cluster_resource_read"\} 1\n/);
});

/** A roll-out contains joining and leaving; `npm run churn` has all changes. */
const CASES =
  process.env['AMPERAGE_LONG'] === undefined
    ? ([
        ['roll-out', 'fine'],
        ['kill', 'denied'],
      ] as const)
    : CONDITIONS.filter((condition) => condition !== 'denied, no name').flatMap((condition) =>
        CHANGES.map((change) => [change, condition] as const),
      );

for (const [change, condition] of CASES)
  test(`targets stay scraped, each by one, in a ${change}, AWS ${condition}`, async (context) => {
    const found = skipUnlessPeer(context, 'prometheus');
    if (found === undefined) return;
    const result = await runChurn(found.prometheus, change, condition);
    context.diagnostic(`${headline()}\n${formatRow(result)}`);
    assert.equal(result.refusedRequests, 0, result.logs);
    assert.equal(result.refusedSamples, 0, result.logs);
    // A machine that runs other tests too is late now and then; a hand-over by polling takes ten
    // seconds.
    assert.ok(result.longestGapMs < 6_000, `${result.longestGapMs} ms\n${result.logs}`);
    assert.ok(
      result.more <= (result.one + result.none) / 50,
      `${result.more} twice\n${result.logs}`,
    );
  });
