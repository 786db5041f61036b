/**
 * The task definitions of aws-samples/prometheus-for-ecs, with our commands in place of their
 * images: arguments, environment and configurations as they are, against the emulator. Changed are
 * only the names that the scripts beside them put in, and the folders that the volumes mount.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { request as forward } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { RegisterInstanceCommand } from '@aws-sdk/client-servicediscovery';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { FakeCloudMap } from '../discovery/cloudmap-run.ts';
import { makeAuthority, startTlsServer } from '../kit/authority.ts';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { onEnd } from '../kit/ending.ts';
import { takeFixedPorts, TURNS_MAX_MS } from '../kit/fixed-ports.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { BARE_AWS, MAIN } from '../kit/processes.ts';
import { type Receiver, startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const BY_TURNS = { skip: skipWithoutConformance, timeout: TURNS_MAX_MS };
const DIVERTED = path.resolve(import.meta.dirname, '../kit/diverted-tls.ts');
const AMP_HOST = 'aps-workspaces.us-east-1.amazonaws.com';

interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: readonly { readonly name: string; readonly value: string }[];
  readonly secrets?: readonly { readonly name: string; readonly valueFrom: string }[];
}

/** The command that stands in for the program of an image. */
const COMMANDS: readonly (readonly [RegExp, string])[] = [
  [/sdconfig/, 'discover'],
  [/aws-sigv4-proxy/, 'proxy'],
  [/\/prometheus:|aws-otel-collector/, 'collect'],
];

interface Deployment {
  readonly folder: string;
  readonly map: FakeCloudMap;
  readonly receiver: Receiver;
  putParameter(name: string, value: string): Promise<void>;
  /** Starts the program of a container; what it prints is in `output`. */
  start(container: string): { readonly output: () => string };
}

/** @param name  of the folder of the published deployment */
async function deploy(context: TestContext, name: string, file: string): Promise<Deployment> {
  await takeFixedPorts(context);
  const folder = temporaryFolder(context);
  const fill = (text: string): string =>
    text
      .replaceAll('REGION', 'us-east-1')
      .replaceAll('ACCOUNT', '123456789012')
      .replaceAll('WORKSPACE', 'ws-1')
      .replaceAll('"/etc/config', `"${folder}/etc/config`)
      .replaceAll('=/etc/config', `=${folder}/etc/config`)
      .replaceAll('- /etc/config', `- ${folder}/etc/config`)
      .replaceAll('=/data', `=${folder}/data`);
  const read = (part: string): string =>
    fill(readFileSync(conformancePath('articles', name, part), 'utf8'));
  const { containerDefinitions: containers } = JSON.parse(read(file)) as {
    containerDefinitions: ContainerDefinition[];
  };
  mkdirSync(path.join(folder, 'etc/config'), { recursive: true });
  mkdirSync(path.join(folder, 'data'));
  const receiver = await startReceiver(context);
  const authority = makeAuthority(folder, 'aws', [AMP_HOST]);
  const port = await startTlsServer(context, authority, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const there = new URL(url ?? '', receiver.server.url);
    const behind = forward(there, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500);
      answer.pipe(outgoing);
    });
    incoming.pipe(behind);
  });
  const map = await FakeCloudMap.start();
  onEnd(context, () => map.close());
  const { credentials } = map.aws;
  const ssm = new SSMClient({ endpoint: map.aws.url, region: 'us-east-1', credentials });
  onEnd(context, () => Promise.resolve(ssm.destroy()));
  const parameters = new Map<string, string>();
  return {
    folder,
    map,
    receiver,
    async putParameter(parameter, value) {
      const text = existsSync(conformancePath('articles', name, value)) ? read(value) : value;
      parameters.set(parameter, text);
      await ssm.send(new PutParameterCommand({ Name: parameter, Type: 'String', Value: text }));
    },
    start(container) {
      const found = containers.find((one) => one.name === container);
      assert.ok(found, container);
      const [, command] = COMMANDS.find(([image]) => image.test(found.image)) ?? [];
      assert.ok(command, found.image);
      const secrets = (found.secrets ?? []).map(({ name: variable, valueFrom }) => [
        variable,
        parameters.get(valueFrom.split('parameter/')[1] ?? '') ?? '',
      ]);
      let output = '';
      const child = spawn(process.execPath, [MAIN, command, ...(found.command ?? [])], {
        cwd: folder,
        env: {
          ...process.env,
          ...BARE_AWS,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          AWS_ENDPOINT_URL: map.aws.url,
          AWS_CA_BUNDLE: authority.file,
          NODE_OPTIONS: `--import=${DIVERTED}`,
          TEST_TLS_PORT: String(port),
          ...Object.fromEntries(secrets),
          ...Object.fromEntries((found.environment ?? []).map((one) => [one.name, one.value])),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.on('data', (data: Buffer) => (output += data.toString()));
      child.stderr.on('data', (data: Buffer) => (output += data.toString()));
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      onEnd(context, async () => {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
        await exited;
        clearTimeout(timer);
      });
      return { output: () => output };
    },
  };
}

/** Registers a task in Cloud Map that is on this machine, and serves its metrics. */
async function runTask(context: TestContext, { map }: Deployment): Promise<void> {
  const target = await serve(context, (_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4').end('a_total 1\n');
  });
  const tags = { METRICS_PATH: '/metrics', METRICS_PORT: new URL(target.url).port };
  const service = await map.createService(
    await map.createNamespace('ecs-services'),
    'webapp-svc',
    tags,
  );
  await map.client.send(
    new RegisterInstanceCommand({
      ServiceId: service.id,
      InstanceId: 'task-1',
      Attributes: { AWS_INSTANCE_IPV4: '127.0.0.1', ECS_CLUSTER_NAME: 'prod' },
    }),
  );
}

async function isHealthy(url: string): Promise<boolean> {
  return (await fetch(url).catch(() => undefined))?.status === 200;
}

function namesOf({ kept }: Receiver): string[] {
  return kept.map(({ series }) => /__name__=([^,]*)/.exec(series)?.[1] ?? series);
}

test('the task of Prometheus: reloader, signing proxy and server', BY_TURNS, async (context) => {
  const task = await deploy(context, 'deploy-prometheus', 'prometheusTaskDefinition.json.template');
  await task.putParameter('ECS-Prometheus-Configuration', 'prometheus.yaml.template');
  await task.putParameter('ECS-ServiceDiscovery-Namespaces', 'ecs-services');
  await runTask(context, task);
  task.start('config-reloader');
  const file = path.join(task.folder, 'etc/config/prometheus.yaml');
  await until('the configuration is written', 30_000, () => existsSync(file));
  const list = path.join(task.folder, 'etc/config/ecs-services.json');
  await until('the targets are written', 30_000, () => existsSync(list));
  task.start('aws-iamproxy');
  const server = task.start('prometheus-server');
  // As the health check of the task asks.
  await until('the server is healthy', 30_000, () => isHealthy('http://localhost:9090/-/healthy'));
  for (const flag of [
    'storage.tsdb.retention.time',
    'web.console.libraries',
    'web.console.templates',
  ])
    assert.equal(server.output().split(`--${flag} has no effect`).length, 2, flag);
  assert.ok(existsSync(path.join(task.folder, 'data')));
  await until('samples have arrived', 90_000, () => namesOf(task.receiver).includes('a_total'));
  const [{ request } = { request: undefined }] = task.receiver.requests;
  assert.equal(request?.path, '/workspaces/ws-1/api/v1/remote_write');
  assert.match(String(request?.headers['authorization']), /\/us-east-1\/aps\/aws4_request/);
});

test('the task of ADOT: targets by HTTP, and the collector', BY_TURNS, async (context) => {
  const task = await deploy(context, 'deploy-adot', 'adotTaskDefinition.json.template');
  await task.putParameter('ECS-Namespaces', 'ecs-services');
  await task.putParameter('otel-collector-config', 'otel-collector-config.yaml.template');
  await runTask(context, task);
  task.start('config-reloader');
  await until('the targets are served', 30_000, () =>
    isHealthy('http://localhost:9001/prometheus-targets'),
  );
  task.start('aws-otel-collector');
  await until('samples have arrived', 90_000, () => namesOf(task.receiver).includes('a_total'));
});
