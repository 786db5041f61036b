/**
 * A fixture for each mechanism of the table, with something that it can discover. A mechanism
 * without a fixture does not compile.
 */
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deploy } from '../../src/commands/demo/deployment.ts';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { type MechanismKey } from '../../src/discovery/mechanisms.ts';
import { type HttpClient } from '../../src/kernel/http-client.ts';
import { fakeHttp, json } from '../kit/fake-http.ts';
import { noHttp } from '../kit/world.ts';

export interface MechanismFixture {
  readonly config: unknown;
  readonly baseDirectory: string;
  readonly http: HttpClient;
  /** The addresses that `config` must lead to, in order. */
  readonly addresses: readonly string[];
  /** Makes every further reading fail; absent where nothing can fail. */
  readonly breakSource?: () => Promise<void>;
  readonly repairSource?: () => Promise<void>;
  readonly dnsServers?: readonly string[];
  close(): Promise<void>;
}

const list = JSON.stringify([
  { targets: ['10.0.0.1:80', '10.0.0.2:80'], labels: { env: 'a' } },
  { targets: ['10.0.0.3:80'] },
]);
const addresses = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];

export const fixtures: Record<MechanismKey, () => Promise<MechanismFixture>> = {
  static_configs: async () => ({
    config: { targets: addresses },
    baseDirectory: '/',
    http: noHttp,
    addresses,
    close: async () => undefined,
  }),
  async file_sd_configs() {
    const baseDirectory = await mkdtemp(join(tmpdir(), 'amperage-file-sd-'));
    const path = join(baseDirectory, 'targets.json');
    await writeFile(path, list);
    return {
      config: { files: ['*.json'] },
      baseDirectory,
      http: noHttp,
      addresses,
      breakSource: () => writeFile(path, '[{'),
      repairSource: () => writeFile(path, list),
      close: () => rm(baseDirectory, { recursive: true }),
    };
  },
  async http_sd_configs() {
    let body = list;
    return {
      config: { url: 'http://sd.example/targets' },
      baseDirectory: '/',
      http: fakeHttp(() => json(body)),
      addresses,
      breakSource: async () => void (body = '{'),
      repairSource: async () => void (body = list),
      close: async () => undefined,
    };
  },
  async cloudmap_sd_configs() {
    const emulated = await startEmulatedAws();
    await deploy(emulated.deployment);
    return {
      config: { region: 'us-east-1', endpoint: emulated.url, namespaces_parameter: 'names' },
      baseDirectory: '/',
      http: noHttp,
      addresses: ['10.0.0.1:80', '10.0.0.1:9779'],
      breakSource: () => emulated.deleteParameter(),
      repairSource: () => emulated.putParameter(),
      close: () => emulated.close(),
    };
  },
  async dns_sd_configs() {
    const server = await startDns(['10.0.0.1', '10.0.0.2']);
    return {
      config: { names: ['tasks.example'], type: 'A', port: 80 },
      baseDirectory: '/',
      http: noHttp,
      addresses: ['10.0.0.1:80', '10.0.0.2:80'],
      dnsServers: [server.address],
      breakSource: async () => server.fail(true),
      repairSource: async () => server.fail(false),
      close: async () => server.close(),
    };
  },
  amperage_ecs_sd_configs: () =>
    emulatedCluster({}, ['10.0.0.1:9779', '10.0.0.2:9779', '10.0.0.3:9779']),
  ecs_sd_configs: () =>
    emulatedCluster({ port: 8080 }, ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080']),
  async ec2_sd_configs() {
    const emulated = await startEmulatedAws();
    const { ec2 } = emulated.account;
    const { trouble } = emulated.cloud;
    for (const [at, privateIpAddress] of ['10.0.0.1', '10.0.0.2'].entries())
      ec2.put({ instanceId: `i-0000000${at}`, privateIpAddress });
    const denied = { faults: [{ code: 'UnauthorizedOperation', status: 403 }] };
    return {
      config: { region: 'us-east-1', endpoint: emulated.url, port: 9100 },
      baseDirectory: '/',
      http: noHttp,
      addresses: ['10.0.0.1:9100', '10.0.0.2:9100'],
      breakSource: async () => void trouble.set(denied),
      repairSource: async () => void trouble.set({}),
      close: () => emulated.close(),
    };
  },
  async msk_sd_configs() {
    const emulated = await startEmulatedAws();
    const { kafka } = emulated.account;
    const { trouble } = emulated.cloud;
    kafka.put({ name: 'orders', brokers: [['10.0.0.1'], ['10.0.0.2']] });
    const denied = { faults: [{ code: 'ForbiddenException', status: 403 }] };
    return {
      config: { region: 'us-east-1', endpoint: emulated.url, port: 11_001 },
      baseDirectory: '/',
      http: noHttp,
      addresses: ['10.0.0.1:11001', '10.0.0.2:11001'],
      breakSource: async () => void trouble.set(denied),
      repairSource: async () => void trouble.set({}),
      close: () => emulated.close(),
    };
  },
  async rds_sd_configs() {
    const emulated = await startEmulatedAws();
    const { rds } = emulated.account;
    const { trouble } = emulated.cloud;
    const instances = ['10.0.0.1', '10.0.0.2'].map((host, at) => ({ name: `i${at}`, host }));
    rds.put({ name: 'orders', instances });
    const denied = { faults: [{ code: 'AccessDenied', status: 403 }] };
    return {
      config: { region: 'us-east-1', endpoint: emulated.url, port: 9_187 },
      baseDirectory: '/',
      http: noHttp,
      addresses: ['10.0.0.1:9187', '10.0.0.2:9187'],
      breakSource: async () => void trouble.set(denied),
      repairSource: async () => void trouble.set({}),
      close: () => emulated.close(),
    };
  },
  async elasticache_sd_configs() {
    const emulated = await startEmulatedAws();
    const { elastiCache } = emulated.account;
    const { trouble } = emulated.cloud;
    const nodes = ['10.0.0.1', '10.0.0.2'].map((host, at) => ({ id: `000${at}`, host }));
    elastiCache.putCluster({ name: 'orders', nodes });
    elastiCache.putServerless({ name: 'carts', host: '10.0.0.3' });
    const denied = { faults: [{ code: 'AccessDenied', status: 403 }] };
    return {
      config: { region: 'us-east-1', endpoint: emulated.url },
      baseDirectory: '/',
      http: noHttp,
      addresses: ['10.0.0.1:6379', '10.0.0.2:6379', '10.0.0.3:6379'],
      breakSource: async () => void trouble.set(denied),
      repairSource: async () => void trouble.set({}),
      close: () => emulated.close(),
    };
  },
  aws_sd_configs: () =>
    emulatedCluster({ role: 'ecs', port: 80 }, ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']),
};

/** Starts a name server that answers every name with these addresses, or fails. */
async function startDns(
  known: readonly string[],
): Promise<{ address: string; fail: (isFailing: boolean) => void; close: () => void }> {
  let isFailing = false;
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(isFailing ? 0x8182 : 0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(isFailing ? 0 : known.length, 6);
    const answers = known.map((address) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)]),
    );
    const parts = [head, query.subarray(12, end), ...(isFailing ? [] : answers)];
    socket.send(Buffer.concat(parts), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    fail: (now) => void (isFailing = now),
    close: () => void socket.close(),
  };
}

/** A cluster of three tasks with a docker label. When it is broken, every AWS call is denied. */
async function emulatedCluster(
  config: Readonly<Record<string, unknown>>,
  targets: readonly string[],
): Promise<MechanismFixture> {
  const emulated = await startEmulatedAws();
  const { ecs } = emulated.account;
  const { trouble } = emulated.cloud;
  const cluster = ecs.createCluster('demo');
  const labels = { PROMETHEUS_EXPORTER_PORT: '9779' };
  ecs.register('web', [{ name: 'app', image: 'web:1', dockerLabels: labels }]);
  for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    ecs.run(cluster, { taskDefinition: 'web', address });
  const denied = { faults: [{ code: 'AccessDeniedException' }] };
  return {
    config: { region: 'us-east-1', endpoint: emulated.url, clusters: ['demo'], ...config },
    baseDirectory: '/',
    http: noHttp,
    addresses: targets,
    breakSource: async () => void trouble.set(denied),
    repairSource: async () => void trouble.set({}),
    close: () => emulated.close(),
  };
}
