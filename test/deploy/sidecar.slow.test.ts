/** The sidecar's own command and configuration, run beside an application. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Joined } from '../../src/deploy/template.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { BARE_AWS, startAmperage } from '../kit/processes.ts';
import { startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';
import { describeModel } from './models.ts';

interface Container {
  readonly Name: string;
  readonly Command: readonly string[];
  readonly Environment: readonly { readonly Name: string; readonly Value: Joined }[];
}

const OWN = { DockerId: 'me', Name: 'collector', Type: 'NORMAL', KnownStatus: 'RUNNING' };
const TASK = {
  Cluster: 'metrics', TaskARN: 'arn:aws:ecs:eu-west-1:123456789012:task/metrics/t1',
  Family: 'metrics-webapp', Revision: '1', LaunchType: 'FARGATE', Containers: [OWN],
}; // prettier-ignore
const METADATA: Readonly<Record<string, object>> = { '/v4/me': OWN, '/v4/me/task': TASK };

test('a sidecar writes what its task serves, with the names of cluster, service and task', async (context) => {
  const receiver = await startReceiver(context);
  const application = await serve(context, (_, response) => {
    response.end('# TYPE hits_total counter\nhits_total 3\n');
  });
  const metadata = await serve(context, ({ url = '' }, response) => {
    response.end(JSON.stringify(METADATA[url] ?? {}));
  });
  const { resources } = describeModel({
    collector: { mode: 'sidecar' },
    services: [{ name: 'webapp', image: 'webapp:1', port: application.port, exporter: false }],
  });
  const containers = resources.find(({ id }) => id === 'WebappTask')?.properties[
    'ContainerDefinitions'
  ] as unknown as readonly Container[];
  const { Command, Environment } = containers.find(({ Name }) => Name === 'collector')!;
  const [name, command, ...flags] = Command;
  assert.equal(name, 'amperage');
  const { Value } = Environment.find((one) => one.Name === 'AMPERAGE_CONFIGURATION')!;
  const text = Value.parts
    .map((part) => (typeof part === 'string' ? part : 'ws-1'))
    .join('')
    .replace(/https:\/\/aps\S+/, receiver.url)
    .replace('scrape_interval: 30s', 'scrape_interval: 1s\n        scrape_timeout: 1s');
  const storage = temporaryFolder(context);
  const own = flags.map((flag) => (flag === '/var/lib/amperage' ? storage : flag));
  await startAmperage(context, command!, own, {
    ...BARE_AWS,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AMPERAGE_CONFIGURATION: text,
    ECS_CONTAINER_METADATA_URI_V4: `${metadata.url}/v4/me`,
  });
  const job = `instance=127.0.0.1:${application.port},job=webapp`;
  const labels = `cluster=metrics,${job},service=webapp,taskid=t1`;
  for (const [metric, value] of [['hits_total', 3], ['up', 1]] as const)
    await until(`${metric} arrived`, 30_000, () =>
      receiver.kept.some(
        (one) => one.series === `__name__=${metric},${labels}` && one.value === value,
      ),
    ); // prettier-ignore
});
