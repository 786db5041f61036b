import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../../test/kit/listen.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld } from '../../../test/kit/world.ts';
import type { ServiceClient, ServiceRequest } from '../../aws/service-client.ts';
import { newXrayMetrics } from './metrics.ts';
import { TelemetryFigures } from './telemetry.ts';
import { TelemetrySender } from './telemetry-sender.ts';

interface Post {
  readonly EC2InstanceId?: string;
  readonly Hostname?: string;
}

test('a host whose metadata does not answer at first is told with later records', async (context) => {
  let isAway = true;
  const values: Record<string, string> = {
    '/latest/api/token': 'token',
    '/latest/meta-data/hostname': 'ip-10-0-0-1',
    '/latest/meta-data/instance-id': 'i-0123456789abcdef0',
  };
  const metadata = await serve(context, (incoming, outgoing) => {
    outgoing.statusCode = isAway ? 503 : 200;
    outgoing.end(values[incoming.url ?? '']);
  });
  const world = createWorld();
  const posts: Post[] = [];
  const client = {
    send: ({ body }: ServiceRequest) => {
      posts.push(JSON.parse(String(body)) as Post);
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from('{}') });
    },
  } as unknown as ServiceClient;
  const telemetry = new TelemetryFigures();
  const sender = new TelemetrySender({
    telemetry,
    settings: { isSent: true, asksMetadata: true },
    client,
    world,
    metrics: newXrayMetrics(world.metrics, 'xray/test'),
    userAgent: 'test',
    env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url },
  });
  await sender.start();
  const waitForRecord = async (count: number): Promise<void> => {
    telemetry.countReceived(1);
    await world.clock.advance(60_000);
    await until(`record ${count}`, 10_000, () => posts.length === count, 5);
  };
  await waitForRecord(1);
  isAway = false;
  await waitForRecord(2);
  isAway = true;
  await waitForRecord(3);
  await sender.release();
  const hosts = posts.map(({ EC2InstanceId, Hostname }) => [EC2InstanceId, Hostname]);
  const known = ['i-0123456789abcdef0', 'ip-10-0-0-1'];
  assert.deepEqual(hosts, [[undefined, undefined], known, known]);
});
