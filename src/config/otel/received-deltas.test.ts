import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../../../test/kit/transforming.ts';
import { checkConfigText } from '../load.ts';
import { transformsBetween } from '../plan.ts';

test('deltas that come by OTLP and go to remote write are counted, not lost in silence', async () => {
  const { plan, findings } = await checkConfigText(
    `receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:4318"}}}}
exporters: {prometheusremotewrite: {endpoint: "http://a/write"}}
service: {pipelines: {metrics: {receivers: [otlp], exporters: [prometheusremotewrite]}}}
`,
    'c.yml',
    { env: {} },
  );
  assert.deepEqual(findings, []);
  const [route, sink] = [plan!.routes[0]!, plan!.sinks[0]!];
  const path = openRoute(...transformsBetween(plan!, route, sink));
  const family = { name: 'hits', type: 'counter', unit: '', isDelta: true } as const;
  const [ref = -1, total = -1] = path.refs(
    makeSeries({ __name__: 'hits' }, { family }),
    makeSeries({ __name__: 'level' }),
  );
  path.appender.append(ref, 1_000, 3);
  path.appender.append(total, 1_000, 5);
  path.appender.commit();
  assert.deepEqual(path.sent(), ['level 5 @1000']);
  assert.deepEqual(path.dropped(), ['cumulative_only delta 1']);
});
