/**
 * AWS' own X-Ray SDKs, each in a program of its own, against `amperage xray` and the emulator: each
 * trace that the SDK sampled is stored, and it samples by the rule that the emulator has.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { BatchGetTracesCommand, CreateSamplingRuleCommand, XRayClient } from '@aws-sdk/client-xray';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS, freePort, MAIN, startAmperage, startProgram } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const run = promisify(execFile);
const CLIENTS = path.join(import.meta.dirname, 'clients');
const KEYS = { accessKeyId: 'AKIACLIENTS', secretAccessKey: 'not-a-secret' };
const RULE = 'all-of-this-client';

interface Sampled {
  readonly traces: string[];
  readonly rule: string;
}

/** The emulator with a rule that samples all, `amperage xray` before it, and what was stored. */
async function startRoad(t: TestContext): Promise<{
  env: Record<string, string>;
  documents: (traces: readonly string[]) => Promise<Record<string, unknown>[]>;
}> {
  const emulator = await startAmperage(t, 'emulate', ['--region', 'us-east-1'], {
    EMULATE_ACCESS_KEY: KEYS.accessKeyId,
    EMULATE_SECRET_KEY: KEYS.secretAccessKey,
  });
  const [port, web] = [await freePort(), await freePort()];
  const bind = `127.0.0.1:${port}`;
  const flags = ['xray', '--bind', bind, '--bind-tcp', bind, '--local-mode', '-n', 'us-east-1'];
  flags.push('--storage.path', temporaryFolder(t), '--web.listen-address', `127.0.0.1:${web}`);
  const { accessKeyId, secretAccessKey } = KEYS;
  await startProgram(t, process.execPath, [MAIN, ...flags], web, '/-/ready', {
    ...BARE_AWS,
    AWS_ENDPOINT_URL: emulator.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  const client = new XRayClient({ endpoint: emulator.url, region: 'us-east-1', credentials: KEYS });
  onEnd(t, () => client.destroy());
  const all = { HTTPMethod: '*', URLPath: '*', Host: '*', ServiceName: '*', ServiceType: '*' };
  await client.send(
    new CreateSamplingRuleCommand({
      SamplingRule: {
        ...all,
        RuleName: RULE,
        Priority: 1,
        ReservoirSize: 10,
        FixedRate: 1,
        ResourceARN: '*',
        Version: 1,
      },
    }),
  );
  const documents = async (traces: readonly string[]): Promise<Record<string, unknown>[]> => {
    const found: Record<string, unknown>[] = [];
    for (let i = 0; i < traces.length; i += 5) {
      const TraceIds = traces.slice(i, i + 5);
      const { Traces = [] } = await client.send(new BatchGetTracesCommand({ TraceIds }));
      for (const { Segments = [] } of Traces)
        for (const { Document = '' } of Segments)
          found.push(JSON.parse(Document) as Record<string, unknown>);
    }
    return found;
  };
  return { env: { AWS_XRAY_DAEMON_ADDRESS: `tcp:${bind} udp:${bind}` }, documents };
}

/** Waits until the segment of each trace is stored; parts that were sent apart come before it. */
async function findAll(
  { traces }: Sampled,
  documents: (traces: readonly string[]) => Promise<Record<string, unknown>[]>,
): Promise<Record<string, unknown>[]> {
  let found: Record<string, unknown>[] = [];
  await until('each trace is stored', 20_000, async () => {
    found = await documents(traces);
    const segments = found.filter((one) => one['type'] !== 'subsegment');
    return new Set(segments.map((one) => one['trace_id'])).size === traces.length;
  });
  return found;
}

test('the SDK for Node samples by the rules, and each of its traces is stored', async (t) => {
  const { env, documents } = await startRoad(t);
  const script = path.join(CLIENTS, 'xray-node.mjs');
  const { stdout } = await run(process.execPath, [script, RULE], {
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  const sampled = JSON.parse(stdout) as Sampled;
  assert.equal(sampled.rule, RULE);
  assert.ok(sampled.traces.length >= 40, stdout);
  const found = await findAll(sampled, documents);
  const segments = found.filter((one) => one['type'] !== 'subsegment');
  assert.equal(segments.length, sampled.traces.length);
  for (const one of segments) {
    const { metadata } = one as { metadata?: { default?: { text?: string } } };
    assert.equal(metadata?.default?.text, 'ü"\\\n\u2028');
  }
  const count = (key: string): number => segments.filter((one) => one[key] === true).length;
  assert.deepEqual([count('fault'), count('throttle')], [8, 8]);
  assert.equal(count('error'), 16);
  const apart = found.filter((one) => one['type'] === 'subsegment');
  assert.ok(apart.length >= 8 * 40, `subsegments that were sent apart: ${apart.length}`);
});

test('the SDK for Python samples by the rules, and each of its traces is stored', async (t) => {
  const isThere = await run('python3', ['-c', 'import aws_xray_sdk']).catch(() => undefined);
  if (isThere === undefined) return t.skip('python3 has no aws_xray_sdk here');
  const { env, documents } = await startRoad(t);
  const script = path.join(CLIENTS, 'xray-python.py');
  const { stdout } = await run('python3', [script, RULE], {
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  const sampled = JSON.parse(stdout) as Sampled;
  assert.equal(sampled.rule, RULE);
  assert.ok(sampled.traces.length >= 20, stdout);
  const found = await findAll(sampled, documents);
  assert.equal(found.length, sampled.traces.length);
});
