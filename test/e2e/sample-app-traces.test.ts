/**
 * The real sample-app sends traces to a daemon of this test: a UDP socket, and an HTTP server that
 * answers for sampling.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { onEnd } from '../kit/ending.ts';
import { serve } from '../kit/listen.ts';
import { startAmperage } from '../kit/processes.ts';
import { checkSegmentDocument } from '../kit/segment-fields.ts';
import { until } from '../kit/waiting.ts';

interface Segment {
  readonly id: string;
  readonly parent_id?: string;
  readonly type?: string;
  readonly namespace?: string;
  readonly aws?: { readonly xray?: { readonly rule_name?: string } };
  readonly http?: { readonly request?: { readonly traced?: boolean } };
  readonly subsegments?: readonly Segment[];
}

const rules = {
  SamplingRuleRecords: [
    {
      SamplingRule: {
        Version: 1,
        ResourceARN: '*',
        RuleName: 'Default',
        Priority: 10_000,
        FixedRate: 1,
        ReservoirSize: 1,
        ServiceName: '*',
        ServiceType: '*',
        HTTPMethod: '*',
        URLPath: '*',
        Host: '*',
        Attributes: {},
      },
    },
  ],
  NextToken: null,
};

test('a run of the sample application arrives whole, up to its end by SIGTERM', async (context) => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1_048_576 });
  const received: Segment[] = [];
  socket.on('message', (message) => {
    const document = message.toString().slice(message.indexOf('\n') + 1);
    received.push(JSON.parse(document) as Segment);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onEnd(context, () => void socket.close());
  const told: string[] = [];
  const daemon = await serve(context, (request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      if (request.url === '/SamplingTargets') told.push(body);
      const targets = { SamplingTargetDocuments: [], LastRuleModification: 1 };
      response.end(JSON.stringify(request.url === '/GetSamplingRules' ? rules : targets));
    });
  });
  const app = await startAmperage(
    context,
    'sample-app',
    ['--rate', '60', '--latency', 'uniform:min=5,max=60', '--cpu-ms', '0'],
    { AWS_XRAY_DAEMON_ADDRESS: `udp:127.0.0.1:${socket.address().port} tcp:${daemon.host}` },
  );
  await until('statistics are told', 30_000, () => told.length > 0);
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  const sent = metrics.matchAll(/^sample_app_segments_sent_total\{.*\} (\d+)$/gm);
  const sentAtLeast = [...sent].reduce((sum, [, count]) => sum + Number(count), 0);
  assert.doesNotMatch(metrics, /^sample_app_segments_dropped_total/m);
  app.child.kill('SIGTERM');
  await app.exited;
  assert.equal(app.child.exitCode, 0, app.output());
  await until('all arrive', 5_000, () => received.length >= sentAtLeast);
  assert.match(app.output(), /msg=started .*daemon=127\.0\.0\.1/);

  for (const document of received) assert.deepEqual(checkSegmentDocument(document), []);
  const calls = received
    .flatMap(({ subsegments = [] }) => subsegments)
    .filter(({ http }) => http?.request?.traced === true);
  const parents = received.filter(({ type }) => type === undefined).map((one) => one.parent_id);
  assert.ok(calls.length > 100, String(calls.length));
  assert.deepEqual(
    calls.map(({ id }) => id).toSorted(),
    parents.filter((id) => id !== undefined).toSorted(),
    'each call has the segment of its callee, and no segment is without its caller',
  );
  const ruled = received.filter(({ aws }) => aws?.xray?.rule_name === 'Default').length;
  assert.ok(ruled > 100, String(ruled));
});
