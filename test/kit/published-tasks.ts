/**
 * A place to run published containers in, each with our command for its image: an emulated account,
 * a workspace that answers at the name of AMP and verifies signatures, and a folder for the paths
 * of the containers. Arguments and environment stay as published.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as forward } from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { RegisterInstanceCommand } from '@aws-sdk/client-servicediscovery';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { FakeCloudMap } from '../discovery/cloudmap-run.ts';
import { makeAuthority, startTlsServer } from './authority.ts';
import { conformancePath } from './conformance.ts';
import { onEnd } from './ending.ts';
import { takeFixedPorts } from './fixed-ports.ts';
import { temporaryFolder } from './folder.ts';
import { peer } from './peers.ts';
import { BARE_AWS, MAIN, query, type Running, startAmperage } from './processes.ts';
import { until } from './waiting.ts';

const DIVERTED = path.resolve(import.meta.dirname, 'diverted-tls.ts');
const NAMES = path.resolve(import.meta.dirname, 'loopback-names.ts');
const AMP_HOST = 'aps-workspaces.us-east-1.amazonaws.com';
const WORKSPACE = 'ws-1';
/** Folders of the containers, which are below the folder of the test here. */
const MOUNTED = /(?<![\w/])\/(?:etc\/config|etc\/prometheus|output|data|prometheus)(?![\w-])/g;

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: readonly { readonly name: string; readonly value: string }[];
  readonly secrets?: readonly { readonly name: string; readonly valueFrom: string }[];
}

/** The command that stands in for the program of an image, and the image's own arguments. */
const COMMANDS: readonly (readonly [RegExp, string, ...(readonly string[])])[] = [
  [/sdconfig|ecs-discovery/, 'discover'],
  [/aws-sigv4-proxy/, 'proxy'],
  [/^prom\/prometheus/, 'collect', '--config.file=/etc/prometheus/prometheus.yml'],
  [/prometheus:|aws-otel-collector/, 'collect'],
  [/ecs-exporter/, 'exporter'],
  [/webapp|prometheus-golang/, 'sample-app'],
];

export interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
}

export interface PublishedPlace {
  readonly folder: string;
  readonly map: FakeCloudMap;
  readonly workspace: Running;
  /** Puts region, account and workspace into a text, and the folder before its paths. */
  fill(text: string): string;
  /** Writes a file at a path of the containers. */
  write(file: string, text: string): void;
  putParameter(name: string, value: string): Promise<void>;
  /** Starts the program of a container; ECS would add the variables of `more`. */
  start(container: ContainerDefinition, more?: Readonly<Record<string, string>>): Started;
  /** Waits until the workspace answers a query with a series. */
  arrived(expression: string): Promise<void>;
  traces(): Promise<number>;
}

/** Reads a text of a published deployment. */
export function readPublished(...parts: readonly string[]): string {
  return readFileSync(conformancePath('articles', ...parts), 'utf8');
}

/** The containers of a task definition. */
export function readContainers(text: string): readonly ContainerDefinition[] {
  const task = JSON.parse(text) as { containerDefinitions: ContainerDefinition[] };
  return task.containerDefinitions;
}

/** A program of others that has no command of ours in its place: node-exporter. */
function findProgram(
  { image, command = [] }: ContainerDefinition,
  inFolder: (text: string) => string,
): [string, string[]] | undefined {
  if (image.includes('node-exporter')) {
    const program = peer('prometheus-node-exporter');
    // The volumes of the task mount the folders of the host below /host.
    const given = command.map((one) => one.replace('/host/root', '/').replace('/host/', '/'));
    return program === undefined ? undefined : [program, given];
  }
  const found = COMMANDS.find(([pattern]) => pattern.test(image));
  assert.ok(found, `no command stands in for ${image}`);
  const [, name, ...own] = found;
  return [process.execPath, [MAIN, name, ...own.map(inFolder), ...command]];
}

/** Whether the program of a container is on this machine; in CI each must be. */
export function canRun(container: ContainerDefinition): boolean {
  const isThere = findProgram(container, String) !== undefined;
  assert.ok(isThere || process.env['CI'] === undefined, `${container.image} is not installed`);
  return isThere;
}

/** Answers at the name of AMP with TLS, in place of the workspace. @returns files and variables */
async function startAmp(
  context: TestContext,
  folder: string,
  workspace: Running,
): Promise<Record<string, string>> {
  const authority = makeAuthority(folder, 'aws', [AMP_HOST]);
  const port = await startTlsServer(context, authority, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const there = new URL(url ?? '', workspace.url);
    const behind = forward(there, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500);
      answer.pipe(outgoing);
    });
    behind.on('error', () => outgoing.destroy());
    incoming.pipe(behind);
  });
  return { AWS_CA_BUNDLE: authority.file, TEST_TLS_PORT: String(port) };
}

function run(
  context: TestContext,
  [file, given]: [string, string[]],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Started {
  let output = '';
  const child = spawn(file, given, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onEnd(context, async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
  });
  return { child, output: () => output };
}

export async function openPublishedPlace(context: TestContext): Promise<PublishedPlace> {
  await takeFixedPorts(context);
  const folder = temporaryFolder(context);
  for (const one of ['etc/config', 'etc/prometheus', 'output', 'data'])
    mkdirSync(path.join(folder, one), { recursive: true });
  const inFolder = (text: string): string =>
    text.replaceAll(MOUNTED, (mounted) => `${folder}${mounted}`);
  const map = await FakeCloudMap.start();
  onEnd(context, () => map.close());
  const { credentials, url } = map.aws;
  const flags = ['--workspace-id', WORKSPACE, '--web.allowed-host', AMP_HOST];
  const workspace = await startAmperage(
    context,
    'workspace',
    ['--storage.path', path.join(folder, 'workspace'), ...flags],
    {
      WORKSPACE_ACCESS_KEY: credentials.accessKeyId,
      WORKSPACE_SECRET_KEY: credentials.secretAccessKey,
    },
  );
  const amp = await startAmp(context, folder, workspace);
  const ssm = new SSMClient({ endpoint: url, region: 'us-east-1', credentials });
  onEnd(context, () => Promise.resolve(ssm.destroy()));
  const parameters = new Map<string, string>();
  return {
    folder,
    map,
    workspace,
    fill: (text) =>
      inFolder(
        text
          .replaceAll('REGION', 'us-east-1')
          .replaceAll('ACCOUNT', '123456789012')
          .replaceAll('WORKSPACE', WORKSPACE),
      ),
    write: (file, text) => writeFileSync(inFolder(file), text),
    async putParameter(Name, Value) {
      parameters.set(Name, Value);
      await ssm.send(new PutParameterCommand({ Name, Type: 'String', Value }));
    },
    start(container, more = {}) {
      const program = findProgram(container, inFolder);
      assert.ok(program, container.image);
      const { secrets = [], environment = [] } = container;
      return run(context, program, folder, {
        ...process.env,
        ...BARE_AWS,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_ENDPOINT_URL: url,
        NODE_OPTIONS: `--import=${DIVERTED} --import=${NAMES}`,
        ...amp,
        ...Object.fromEntries(
          secrets.map(({ name, valueFrom }) => {
            const value = parameters.get(valueFrom.split('parameter/')[1] ?? '');
            assert.ok(value, valueFrom);
            return [name, value];
          }),
        ),
        ...Object.fromEntries(environment.map(({ name, value }) => [name, value])),
        ...more,
      });
    },
    arrived: (expression) =>
      until(`the workspace answers ${expression}`, 100_000, async () => {
        return (await query(workspace.url, expression)).length > 0;
      }),
    async traces() {
      const answer = await fetch(`${url}/_emulator/xray`);
      const { traces } = (await answer.json()) as { traces: Record<string, unknown> };
      return Object.keys(traces).length;
    },
  };
}

export const WEBAPP_TAGS = { METRICS_PATH: '/metrics', METRICS_PORT: '3000' };
export const EXPORTER_TAGS = { ECS_METRICS_PATH: '/metrics', ECS_METRICS_PORT: '9779' };
export const NODE_TAGS = { METRICS_PATH: '/metrics', METRICS_PORT: '9100' };

export interface RegisteredTask {
  readonly taskId: string;
  readonly service: string;
  readonly cluster: string;
  readonly family: string;
}

/** Registers services, with the tags that the published scripts give them, and a task of each. */
export async function registerServices(
  { map }: PublishedPlace,
  services: Readonly<Record<string, Readonly<Record<string, string>>>>,
  { taskId, service, cluster, family }: RegisteredTask,
): Promise<void> {
  const namespace = await map.createNamespace('ecs-services');
  for (const [name, tags] of Object.entries(services)) {
    const { id: ServiceId } = await map.createService(namespace, name, tags);
    const Attributes = {
      AWS_INSTANCE_IPV4: '127.0.0.1',
      ECS_CLUSTER_NAME: cluster,
      ECS_SERVICE_NAME: service,
      ECS_TASK_DEFINITION_FAMILY: family,
    };
    await map.client.send(
      new RegisterInstanceCommand({ ServiceId, InstanceId: taskId, Attributes }),
    );
  }
}

/**
 * Tells the agent of a task whose application is this process.
 *
 * @returns the variables that it gives the containers
 */
export async function tellAgent(
  { map }: PublishedPlace,
  { taskId, cluster, family }: RegisteredTask,
  { child }: Started,
): Promise<Record<string, string>> {
  const container = { name: 'webapp', pid: child.pid };
  const task = { cluster, family, cpu: 1, memoryMiB: 512, containers: [container] };
  const body = JSON.stringify(task);
  const answer = await fetch(`${map.aws.url}/_emulator/tasks/${taskId}`, { method: 'PUT', body });
  const { containers } = (await answer.json()) as { containers: { metadataUri: string }[] };
  const uri = containers[0]?.metadataUri;
  assert.ok(uri, 'the emulated agent has told no address');
  return { ECS_CONTAINER_METADATA_URI_V4: uri };
}

export async function isHealthy(url: string): Promise<boolean> {
  return (await fetch(url).catch(() => undefined))?.status === 200;
}

/** Waits until the program of a container has written a file. */
export async function untilWritten({ folder }: PublishedPlace, file: string): Promise<void> {
  await until(`${file} is written`, 30_000, () => existsSync(path.join(folder, file)));
}
