/**
 * Running commands while AWS accepts connections and never answers: they say so within the limit,
 * keep their samples, go on when it answers, and end in time when they are stopped.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { assumedRole, forwardTo, type HangingServer, startHanging } from '../kit/hanging.ts';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { freePort, type Running, startAmperage, startProgram, BARE_AWS } from '../kit/processes.ts';
import { startUpstream } from '../kit/proxies.ts';
import { startReceiver } from '../kit/receiver.ts';
import { listen } from '../kit/listen.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAHANGS', AWS_SECRET_ACCESS_KEY: 'the-secret-of-all' };
/** Longer than the limit of a fetch, which is 15 s, on a busy machine. */
const TOLD_MS = 30_000;
const STOP_MS = 1_000;
/** How much longer than its stop timeout a process may take to end. */
const STOP_SLACK_MS = 8_000;

/**
 * Stops the process and checks that it ends within its --stop-timeout of a second and some slack.
 */
async function endsInTime(running: Running): Promise<void> {
  const { child, exited } = running;
  const startedAt = performance.now();
  child.kill('SIGTERM');
  await exited;
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < STOP_MS + STOP_SLACK_MS, `it took ${tookMs} ms:\n${running.output()}`);
  assert.equal(child.exitCode, 0, running.output());
  assert.doesNotMatch(running.output(), /the-secret/);
}

async function metric(running: Running, name: string): Promise<number> {
  const text = await (await fetch(`${running.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function startTarget(context: TestContext): Promise<string> {
  const server = createServer((_request, response) => response.end('a 1\n'));
  const { host } = await listen(context, server);
  return host;
}

interface Hanging {
  readonly env: Record<string, string>;
  readonly sigv4: string;
  /** What the log says. */
  readonly named: RegExp;
  readonly answer: () => void;
}

const kinds: Record<string, (context: TestContext, folder: string) => Promise<Hanging>> = {
  async 'an STS'(context) {
    const sts = await startHanging(context);
    return {
      env: { ...BARE_AWS, ...KEYS, AWS_ENDPOINT_URL_STS: sts.url },
      sigv4: "{ region: us-east-1, role_arn: 'arn:aws:iam::000000000000:role/metrics' }",
      named: /role\/metrics/,
      answer: () => sts.answer(assumedRole('AKIAFRESH', 'the-secret-of-the-role')),
    };
  },
  async 'an endpoint of container credentials'(context) {
    const endpoint = await startHanging(context);
    return {
      env: { ...BARE_AWS, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint.url}/v2/credentials/1` },
      sigv4: '{ region: us-east-1 }',
      named: new RegExp(`default chain.*${new URL(endpoint.url).host}`),
      answer: () =>
        endpoint.answer((_request, response) => {
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({
              AccessKeyId: 'AKIAFRESH',
              SecretAccessKey: 'the-secret-of-the-task',
              Token: 'token',
              Expiration: new Date(Date.now() + 3_600_000).toISOString(),
            }),
          );
        }),
    };
  },
  async 'a credential_process'(_context, folder) {
    const [script, go, config] = ['keys.sh', 'go', 'config'].map((one) => path.join(folder, one));
    const keys = JSON.stringify({ Version: 1, AccessKeyId: 'AKIAFRESH', SecretAccessKey: 's' });
    writeFileSync(
      script!,
      `#!/bin/sh\nwhile [ ! -e ${go!} ]; do sleep 0.2; done\necho '${keys}'\n`,
    );
    chmodSync(script!, 0o700);
    writeFileSync(config!, `[default]\ncredential_process = ${script!} --password the-secret\n`);
    return {
      env: { ...BARE_AWS, AWS_CONFIG_FILE: config! },
      sigv4: '{ region: us-east-1 }',
      named: /default chain.*credential_process/,
      answer: () => writeFileSync(go!, ''),
    };
  },
};

suite('while AWS hangs', { concurrency: 2 }, () => {
  for (const [kind, hang] of Object.entries(kinds)) {
    const begin = async (
      context: TestContext,
    ): Promise<{ collector: Running; hanging: Hanging; arrived: () => number }> => {
      const folder = temporaryFolder(context);
      const hanging = await hang(context, folder);
      const [receiver, target] = [await startReceiver(context), await startTarget(context)];
      const file = path.join(folder, 'prometheus.yml');
      writeFileSync(
        file,
        `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: j, static_configs: [{ targets: ['${target}'] }] }]
remote_write: [{ url: '${receiver.server.url}/all/write', sigv4: ${hanging.sigv4}, queue_config: { batch_send_deadline: 100ms } }]
`,
      );
      const given = ['--storage.path', path.join(folder, 'queue'), '--stop-timeout', '1s'];
      const collector = await startAmperage(
        context,
        'collect',
        ['--config.file', file, ...given],
        hanging.env,
      );
      const arrived = (): number =>
        [...receiver.of('all').values()].reduce((sum, list) => sum + list.length, 0);
      return { collector, hanging, arrived };
    };

    test(`${kind} that hangs is reported, samples stay queued, and are delivered once it answers`, async (context) => {
      const { collector, hanging, arrived } = await begin(context);
      await until('it is told', TOLD_MS, () => /could not be fetched/.test(collector.output()));
      assert.match(collector.output(), hanging.named);
      assert.ok((await metric(collector, 'amperage_credentials_refresh_failures_total')) > 0);
      assert.ok((await metric(collector, 'prometheus_remote_storage_samples_pending')) > 0);
      assert.equal(arrived(), 0);
      hanging.answer();
      await until('samples arrive', TOLD_MS, () => arrived() > 0);
      await until('all that waited', 10_000, () => arrived() > 10);
      assert.match(collector.output(), /can be had again/);
      await endsInTime(collector);
    });

    test(`${kind} that hangs does not delay the stop of a collector`, async (context) => {
      const { collector } = await begin(context);
      await until('samples wait', 10_000, async () => {
        return (await metric(collector, 'prometheus_remote_storage_samples_pending')) > 0;
      });
      await endsInTime(collector);
    });
  }

  test('a proxy without credentials answers in time, and works when there are some', async (context) => {
    const { env, named, answer } = await kinds['an endpoint of container credentials']!(
      context,
      '',
    );
    const upstream = await startUpstream(context);
    const { proxy, ask } = await startWaitingProxy(context, upstream.host, env);
    const answered = await ask();
    assert.equal(answered.status, 502);
    assert.match(await answered.text(), /no AWS credentials.*no answer within 15 s/);
    assert.match(proxy.output(), named);
    answer();
    await until('it works', TOLD_MS, async () => (await ask()).status === 200);
    await endsInTime(proxy);
  });

  test('a proxy that waits for credentials ends when it is stopped', async (context) => {
    const { env } = await kinds['an endpoint of container credentials']!(context, '');
    const { proxy, ask } = await startWaitingProxy(context, '127.0.0.1:9', env);
    const waiting = ask().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await endsInTime(proxy);
    await waiting;
  });

  for (const [what, flags, action] of [
    ['ECS', ['--clusters', 'prod'], 'ecs:DescribeClusters'],
    ['Cloud Map', ['--namespaces', 'names'], 'servicediscovery:ListNamespaces'],
  ] as const)
    test(`discovery says that ${what} hangs, and ends when it is stopped`, async (context) => {
      const endpoint = await startHanging(context);
      const port = await freePort();
      const discovery = await startProgram(
        context,
        process.execPath,
        [MAIN, 'discover', '--web.listen-address', `127.0.0.1:${port}`, ...flags],
        port,
        '/-/healthy',
        { ...BARE_AWS, ...KEYS, AWS_ENDPOINT_URL: endpoint.url },
      );
      await until('it is told', TOLD_MS, () => discovery.output().includes(`${action}: no answer`));
      assert.match(discovery.output(), /check the way to the endpoint/);
      const [service, name] = action.split(':');
      const labels = `service="${service!}",action="${name!}",outcome="timeout"`;
      const failed = `amperage_aws_calls_total{${labels}}`;
      assert.ok((await metric(discovery, failed)) > 0);
      await endsInTime(discovery);
    });

  test('a discovery that gets no credentials says so, and ends when it is stopped', async (context) => {
    const { env, named } = await kinds['an endpoint of container credentials']!(context, '');
    const [ecs, port] = [await startHanging(context), await freePort()];
    const discovery = await startProgram(
      context,
      process.execPath,
      [MAIN, 'discover', '--web.listen-address', `127.0.0.1:${port}`, '--clusters', 'prod'],
      port,
      '/-/healthy',
      { ...env, AWS_ENDPOINT_URL: ecs.url },
    );
    const says = (words: RegExp) => (): boolean => words.test(discovery.output());
    await until('the call has failed', TOLD_MS, says(/ecs:ListTasks: no credentials/));
    await until('what hangs is told', TOLD_MS, says(named));
    assert.deepEqual(ecs.seen, []);
    await endsInTime(discovery);
  });

  for (const kind of ['s3', 'ssm'] as const)
    test(`a configuration in ${kind} that hangs is reported, and delays nothing`, async (context) => {
      const { collector, endpoint } = await startConfigured(context, kind);
      endpoint.hang();
      await until('it is told', TOLD_MS, () =>
        /could not be read.*no answer/.test(collector.output()),
      );
      assert.ok((await metric(collector, 'amperage_config_source_failures_total')) > 0);
      await endsInTime(collector);
    });
});

/** Starts a proxy that listens but is not ready for want of credentials. */
async function startWaitingProxy(
  context: TestContext,
  upstream: string,
  env: Record<string, string>,
): Promise<{ proxy: Running; ask: () => Promise<Response> }> {
  const [port, admin] = [await freePort(), await freePort()];
  const to = `--name aps --region us-east-1 --host ${upstream} --upstream-url-scheme http`;
  const web = `--web.listen-address 127.0.0.1:${admin}`;
  const listen = `--port 127.0.0.1:${port} ${web} --stop-timeout 1s`;
  const given = [MAIN, 'proxy', ...to.split(' '), ...listen.split(' ')];
  const proxy = await startProgram(context, process.execPath, given, admin, '/-/healthy', env);
  return { proxy, ask: () => fetch(`http://127.0.0.1:${port}/x`) };
}

async function startConfigured(
  context: TestContext,
  kind: 's3' | 'ssm',
): Promise<{ collector: Running; endpoint: HangingServer }> {
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  const { url, credentials } = aws;
  const options = { endpoint: url, region: 'us-east-1', credentials };
  const text = 'scrape_configs: []\n';
  if (kind === 's3') {
    const s3 = new S3Client({ ...options, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'live' }));
    await s3.send(new PutObjectCommand({ Bucket: 'live', Key: 'p.yml', Body: text }));
    s3.destroy();
  } else {
    const ssm = new SSMClient(options);
    await ssm.send(new PutParameterCommand({ Name: '/live', Type: 'String', Value: text }));
    ssm.destroy();
  }
  const endpoint = await startHanging(context);
  endpoint.answer(forwardTo(url));
  const source = kind === 's3' ? 's3://live/p.yml' : 'ssm:/live';
  const storage = path.join(temporaryFolder(context), 'queue');
  const collector = await startAmperage(
    context,
    'collect',
    (
      `--config ${source} --config.auto-reload-interval 1s --storage.path ${storage} ` +
      '--stop-timeout 1s'
    ).split(' '),
    {
      ...BARE_AWS,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL: endpoint.url,
    },
  );
  assert.ok(existsSync(path.join(storage, 'configuration')));
  return { collector, endpoint };
}
