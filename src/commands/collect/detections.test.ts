import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordingAppender } from '../../../test/kit/recording-appender.ts';
import { createWorld } from '../../../test/kit/world.ts';
import { checkConfigText } from '../../config/load.ts';
import { transformsBetween } from '../../config/plan.ts';
import type { HttpClient } from '../../kernel/http-client.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { Router } from '../../routes/router.ts';
import { Detections } from './detections.ts';

const CONFIG = `
receivers:
  prometheus: { config: { scrape_configs: [{ job_name: j, static_configs: [{ targets: [t] }] }] } }
processors:
  resourcedetection: { detectors: [env, ecs], timeout: 2s }
exporters:
  prometheusremotewrite:
    endpoint: http://one/w
    resource_to_telemetry_conversion: { enabled: true }
    target_info: { enabled: false }
service:
  pipelines:
    metrics: { receivers: [prometheus], processors: [resourcedetection], exporters: [prometheusremotewrite] }
`;
const ENV = {
  ECS_CONTAINER_METADATA_URI_V4: 'http://m/v4/me',
  OTEL_RESOURCE_ATTRIBUTES: 'team=shop',
};
const TASK = { TaskARN: 'arn:aws:ecs:r:1:task/c/t1', Cluster: 'c', Family: 'f', Containers: [] };

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('what is detected late is on the wire from the next transaction on, and never in the middle of one', async () => {
  const state = { fails: true };
  const http: HttpClient = {
    close: async () => undefined,
    send: async ({ url }) => {
      if (state.fails) throw new Error('it hangs');
      const answer = url.endsWith('/task') ? TASK : { DockerId: 'me', Name: 'me' };
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) };
    },
  };
  const world = createWorld({ http });
  const { plan } = await checkConfigText(CONFIG, 'c.yml', { env: ENV });
  const [route] = plan!.routes;
  const [sink] = plan!.sinks;
  const opened: RecordingAppender[] = [];
  const openAppender = () => {
    opened.push(new RecordingAppender());
    return opened.at(-1)!;
  };
  const router = new Router(world.metrics);
  let switched: Promise<void> = Promise.resolve();
  const applyRoutes = () => {
    const transforms = transformsBetween(plan!, route!, sink!, detections.transforms);
    switched = router.apply(new Map([['j', [{ openAppender, transforms }]]]));
  };
  const detections = new Detections({ world, env: ENV, onLate: applyRoutes });
  const started = detections.apply(plan!.transforms);
  await settle();
  await world.clock.advance(2_000);
  await started;
  applyRoutes();
  await switched;

  const labels = makeLabelSet({ __name__: 'x', job: 'j', instance: 'i' });
  const appender = router.openAppender('j', 'target');
  const ref = appender.refOf(labels);
  appender.append(ref, 1, 1);
  state.fails = false;
  await world.clock.advance(60_000);
  await settle();
  appender.append(ref, 2, 2);
  assert.deepEqual([opened.length, appender.generation], [1, 0]);
  appender.commit();
  await switched;
  assert.equal(appender.generation, 1);
  const renewed = appender.renew(ref, labels);
  appender.append(renewed, 3, 3);
  appender.commit();
  const [before, after] = opened.map((one) => one.committed);
  const own =
    'instance="i", job="j", server_address="i", service_instance_id="i", service_name="j", ' +
    'team="shop"';
  assert.deepEqual(before, [`x{${own}} 1 @1`, `x{${own}} 2 @2`]);
  const task =
    'aws_ecs_cluster_arn="arn:aws:ecs:r:1:cluster/c", ' +
    'aws_ecs_task_arn="arn:aws:ecs:r:1:task/c/t1", aws_ecs_task_family="f", ' +
    'aws_ecs_task_id="t1", cloud_account_id="1", cloud_platform="aws_ecs", ' +
    'cloud_provider="aws", cloud_region="r"';
  assert.deepEqual(after, [`x{${task}, ${own}} 3 @3`]);
  assert.equal(opened[0]?.closed, true);
  await detections.stop();
});
