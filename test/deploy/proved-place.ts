/**
 * A strict emulated account with something of all that configurations ask for, and commands as
 * processes in it, with the credentials of the role whose policies are proved.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { LocalWorkspaces } from '../../src/commands/emulate/local-workspaces.ts';
import { createPoliciesCommand } from '../../src/commands/generate/policies.ts';
import { createEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { putRole } from '../kit/emulated-roles.ts';
import { BARE_AWS, MAIN } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';
import { createWorld, openHttp } from '../kit/world.ts';
import { PROVED_ROLE, ROOT_KEYS, type ProvedPolicy, ProvingCloud } from './proving.ts';

export const REGION = 'us-east-1';
export const ACCOUNT = '123456789012';
const END_MS = 90_000;

export interface ProvedUse {
  /** Of the command line. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of `generate policies`. */
  readonly policy: readonly string[];
  /** Gives it something to do, again and again; what it answers counts as said. */
  readonly stir?: () => Promise<string>;
}

export class ProvedPlace {
  readonly cloud: ProvingCloud;
  readonly url: string;
  readonly workspace: string;
  readonly folder: string;
  /** ARN of a cluster of brokers. */
  readonly brokers: string;
  /** ARN of a serverless cache. */
  readonly cache: string;

  static async open(context: TestContext): Promise<ProvedPlace> {
    const folder = temporaryFolder(context);
    const world = createWorld({ clock: systemClock, http: openHttp(context) });
    const store = path.join(folder, 'workspaces');
    const workspaceHost = new LocalWorkspaces({ folder: store, isTemporary: true, world });
    const cloud = new ProvingCloud({
      clock: systemClock,
      regions: [REGION],
      accountId: ACCOUNT,
      workspaceHost,
    });
    const emulator = createEmulator({ world, listen: '127.0.0.1:0', cloud });
    await emulator.start();
    context.after(async () => {
      await emulator.stop(100);
      await workspaceHost.stop();
    });
    const { id, status } = await cloud.home.amp.createWorkspace({ tags: {} });
    await until('the workspace is ACTIVE', END_MS, () => status.codeAt(cloud.nowMs()) === 'ACTIVE');
    const place = new ProvedPlace(cloud, { folder, url: emulator.url, workspace: id });
    await place.#furnish();
    return place;
  }

  private constructor(
    cloud: ProvingCloud,
    { folder, url, workspace }: Pick<ProvedPlace, 'folder' | 'url' | 'workspace'>,
  ) {
    this.cloud = cloud;
    this.folder = folder;
    this.url = url;
    this.workspace = workspace;
    const { kafka, rds, elastiCache } = cloud.home;
    rds.put({ name: 'orders', instances: [{ name: 'orders-1', host: '10.9.0.3' }] });
    elastiCache.putCluster({ name: 'orders', nodes: [{ id: '0001', host: '10.9.0.4' }] });
    this.cache = elastiCache.putServerless({ name: 'carts', host: '10.9.0.5' });
    const endpoints = [['b-1.orders.kafka.us-east-1.amazonaws.com']];
    this.brokers = kafka.put({
      name: 'orders',
      monitoring: { jmx: true, node: true },
      brokers: endpoints,
    });
  }

  async #furnish(): Promise<void> {
    const { asRoot, home } = this.cloud;
    const { ecs, ecsServices } = home;
    const cluster = ecs.createCluster('prod');
    home.addInstance(cluster, 'i-0123456789abcdef0', '10.9.0.2');
    const container = {
      name: 'app',
      image: 'app:1',
      portMappings: [{ containerPort: 9_779 }],
      dockerLabels: { PROMETHEUS_EXPORTER_PORT: '9779', ECS_PROMETHEUS_EXPORTER_PORT: '9779' },
    };
    ecs.register('fargate', [container]);
    ecs.register('bridge', [container], 'bridge');
    ecsServices.create(cluster, {
      serviceName: 'app',
      taskDefinition: 'fargate',
      desiredCount: 1,
    });
    ecs.run(cluster, { taskDefinition: 'bridge', launchType: 'EC2' });
    await asRoot('servicediscovery', 'CreateHttpNamespace', { Name: 'shop' });
    const { Namespaces } = await asRoot<{ Namespaces: { Id: string }[] }>(
      'servicediscovery',
      'ListNamespaces',
      {},
    );
    const { Service } = await asRoot<{ Service: { Id: string } }>(
      'servicediscovery',
      'CreateService',
      {
        Name: 'app',
        NamespaceId: Namespaces[0]?.Id,
        Tags: [{ Key: 'METRICS_PATH', Value: '/metrics' }],
      },
    );
    await asRoot('servicediscovery', 'RegisterInstance', {
      ServiceId: Service.Id,
      InstanceId: 'a',
      Attributes: { AWS_INSTANCE_IPV4: '127.0.0.1', AWS_INSTANCE_PORT: '9' },
    });
    await asRoot('ssm', 'PutParameter', { Name: '/names', Type: 'String', Value: 'shop' });
    // A role for whoever may assume it: its trust leaves that to their policies.
    await putRole(this.cloud, 'other', { trust: { Principal: { AWS: ACCOUNT } } });
  }

  /** Keeps a configuration where AWS does; in S3 the bucket is made. */
  async keep(text: string): Promise<void> {
    const { asRoot } = this.cloud;
    await asRoot('ssm', 'PutParameter', { Name: '/config', Type: 'String', Value: text });
    await asRoot('secretsmanager', 'CreateSecret', { Name: 'config', SecretString: text });
    const at = { endpoint: this.url, region: REGION, credentials: ROOT_KEYS };
    const s3 = new S3Client({ ...at, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'config.yml', Body: text }));
    s3.destroy();
  }

  /** Asks the admin side. */
  async administer(call: string, body: object): Promise<unknown> {
    const answer = await fetch(`${this.url}/_emulator/${call}`, {
      method: 'PUT',
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${call}: ${text}`);
    return JSON.parse(text);
  }

  /** Writes a configuration; answers its path. */
  write(text: string): string {
    const file = path.join(this.folder, 'prometheus.yml');
    writeFileSync(file, text);
    return file;
  }

  /** The policy that `generate policies` writes with these arguments; none where none is needed. */
  async generate(given: readonly string[]): Promise<readonly ProvedPolicy[]> {
    let written = '';
    const command = createPoliciesCommand(
      (text) => (written += text),
      () => undefined,
    );
    const at = ['--account', ACCOUNT, '--region', REGION];
    await command.parseAsync([...given, ...at], { from: 'user' });
    return written === '' ? [] : [JSON.parse(written) as ProvedPolicy];
  }

  /** Runs a command until something is so, or it ends; answers all that it said. */
  async run(
    { command: given, env, stir }: ProvedUse,
    isDone: (said: string) => boolean,
  ): Promise<string> {
    const child = spawn(process.execPath, [MAIN, ...given], {
      cwd: this.folder,
      env: {
        ...process.env,
        ...BARE_AWS,
        AWS_REGION: REGION,
        AWS_ENDPOINT_URL: this.url,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${this.url}/v2/credentials/${PROVED_ROLE}`,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    let isOver = false;
    const over = new Promise<void>((resolve) =>
      child.once('close', () => ((isOver = true), resolve())),
    );
    try {
      await until(`${given[0]} has done it`, END_MS, async () => {
        if (isDone(said) || isOver) return true;
        const answered = (await stir?.()) ?? '';
        said += `${answered}\n`;
        return isDone(said);
      });
    } catch (error) {
      throw new Error(`${said}\n${this.#tell()}`, { cause: error });
    } finally {
      if (!isOver) child.kill('SIGKILL');
      await over;
    }
    return said;
  }

  #tell(): string {
    const { cloud } = this;
    return `needed: ${cloud.listNeeded().join(' ')}\ndenied: ${cloud.listDenied().join(' ')}`;
  }
}
