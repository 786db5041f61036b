/** The AWS X-Ray SDK for Node, in a process of its own, asks for its rules through a forwarder. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { onEnd } from '../../test/kit/ending.ts';
import { type Answer, startForwarder, startUpstream } from '../../test/kit/forwarding.ts';
import { VirtualClock } from '../kernel/clock.ts';

/** Prints, at each line that it reads, by which rule a request is sampled now. */
const PROGRAM = `
const { middleware } = require('aws-xray-sdk-core');
const { createInterface } = require('node:readline');
const sampler = middleware.sampler ?? require('aws-xray-sdk-core/dist/lib/middleware/sampling/default_sampler');
const target = require('aws-xray-sdk-core/dist/lib/middleware/sampling/service_connector');
const cache = require('aws-xray-sdk-core/dist/lib/middleware/sampling/rule_cache');
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'decide')
    console.log(String(sampler.shouldSample({ host: 'a', httpMethod: 'GET', urlPath: '/' })));
  else
    target.fetchTargets(cache.getRules(), (error, targets) =>
      console.log(error ? 'failed' : JSON.stringify(targets)));
});
`;

const RULE = {
  RuleName: 'of-xray',
  ResourceARN: '*',
  Priority: 1,
  FixedRate: 1,
  ReservoirSize: 100,
  ServiceName: '*',
  ServiceType: '*',
  Host: '*',
  HTTPMethod: '*',
  URLPath: '*',
  Version: 1,
  Attributes: {},
};
const QUOTA_ENDS = 2_000_000_000;

function startSdk(context: TestContext, port: number): (line: string) => Promise<string> {
  const child = spawn(process.execPath, ['-e', PROGRAM], {
    env: {
      ...process.env,
      AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${port}`,
      AWS_XRAY_LOG_LEVEL: 'silent',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onEnd(context, () => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  return async (line) => {
    const answer = once(lines, 'line') as Promise<[string]>;
    child.stdin.write(`${line}\n`);
    return (await answer)[0];
  };
}

async function untilSampled(ask: (line: string) => Promise<string>): Promise<void> {
  for (let tries = 0; (await ask('decide')) !== 'of-xray'; tries++) {
    assert.ok(tries < 200, 'the SDK gets its rules');
    await new Promise((done) => setTimeout(done, 50));
  }
}

test('the SDK gets rules and targets, and a new one gets them while X-Ray is gone', async (context) => {
  const counts: number[] = [];
  const xray: Answer = (outgoing, incoming) => {
    if (incoming.url === '/GetSamplingRules')
      outgoing.end(JSON.stringify({ SamplingRuleRecords: [{ SamplingRule: RULE }] }));
    else {
      const document = { RuleName: 'of-xray', FixedRate: 0.5, ReservoirQuota: 7, Interval: 10 };
      const target = { ...document, ReservoirQuotaTTL: QUOTA_ENDS };
      const { body } = upstream.seen.at(-1)!;
      const report = JSON.parse(body.toString()) as {
        SamplingStatisticsDocuments: { RequestCount: number }[];
      };
      counts.push(report.SamplingStatisticsDocuments[0]!.RequestCount);
      outgoing.end(JSON.stringify({ SamplingTargetDocuments: [target], LastRuleModification: 1 }));
    }
  };
  const upstream = await startUpstream(context, xray);
  const clock = new VirtualClock();
  const { forwarder, metric } = await startForwarder(context, upstream.url, {}, clock);
  const first = startSdk(context, forwarder.port);
  await untilSampled(first);
  assert.match(await first('report'), /"rate":0.5,"quota":7/);
  const [begun = 0] = counts;
  assert.ok(begun > 0);

  upstream.answer = (outgoing) => void outgoing.writeHead(503).end();
  await clock.advance(60_000);
  const second = startSdk(context, forwarder.port);
  await untilSampled(second);
  assert.ok(metric('amperage_xray_stale_answers_total{forwarder="f",call="rules"}') > 0);
  for (let i = 0; i < 3; i++) await first('decide');
  assert.match(await first('report'), /"rate":0.5,"quota":7/, 'its kept target');
  assert.equal(await second('report'), 'failed', 'no target is kept for a client that had none');

  upstream.answer = xray;
  await first('decide');
  assert.match(await first('report'), /"quota":7/);
  assert.deepEqual(counts, [begun, 4], 'what could not be delivered came with the next report');
});
