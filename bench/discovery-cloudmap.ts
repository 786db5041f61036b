/**
 * Part of `npm run bench:discovery`: how long Cloud Map discovery takes to its first list, and
 * which calls it makes, for 10, 64 and 500 services of eight instances. The emulator enforces AWS's
 * rates: DiscoverInstances 1,000 a second (bursts of 2,000), its revision 3,000, lists and tags 10
 * (bursts of 20; an assumption, since AWS publishes none).
 */
import {
  CreateHttpNamespaceCommand,
  CreateServiceCommand,
  ListNamespacesCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { CallLimits } from '../src/discovery/call-limits.ts';
import { cloudMapMechanism } from '../src/discovery/cloudmap/mechanism.ts';
import type { DiscoveryWorld } from '../src/discovery/mechanism.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { createHttpClient } from '../src/kernel/http-client.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { Registry } from '../src/kernel/metrics.ts';
import { type EmulatedAccount, startEmulatedAccount } from './emulated-account.ts';

const INSTANCES = 8;
/** A namespace holds 2,000 instances at most. */
const SERVICES_A_NAMESPACE = 125;
/** A third of the default interval. Tags are read every five minutes, as by default. */
const REFRESH_MS = 10_000;
const STEADY = 3;

async function fill(map: ServiceDiscoveryClient, services: number): Promise<string[]> {
  const Tags = Object.entries({ METRICS_PATH: '/metrics', METRICS_PORT: '9102' }).map(
    ([Key, Value]) => ({ Key, Value }),
  );
  const names: string[] = [];
  for (let first = 0; first < services; first += SERVICES_A_NAMESPACE) {
    const name = `bench-${services}-${first}`;
    names.push(name);
    await map.send(new CreateHttpNamespaceCommand({ Name: name }));
    const { Namespaces = [] } = await map.send(new ListNamespacesCommand({}));
    const NamespaceId = Namespaces.find((one) => one.Name === name)?.Id;
    const last = Math.min(services, first + SERVICES_A_NAMESPACE);
    for (let i = first; i < last; i++) {
      const command = new CreateServiceCommand({ Name: `service-${i}`, NamespaceId, Tags });
      const { Service } = await map.send(command);
      await Promise.all(
        Array.from({ length: INSTANCES }, (_, j) =>
          map.send(
            new RegisterInstanceCommand({
              ServiceId: Service?.Id,
              InstanceId: `task-${i}-${j}`,
              Attributes: {
                AWS_INSTANCE_IPV4: `10.${i >> 8}.${i & 255}.${j}`,
                ECS_CLUSTER_NAME: 'bench',
                ECS_SERVICE_NAME: `service-${i}`,
                ECS_TASK_DEFINITION_FAMILY: 'web',
              },
            }),
          ),
        ),
      );
    }
  }
  return names;
}

/**
 * Returns a function that counts calls by action since it was last called, and all throttled calls.
 */
function countCalls(metrics: Registry): () => { calls: Map<string, number>; throttled: number } {
  let before = new Map<string, number>();
  return () => {
    const now = new Map<string, number>();
    let throttled = 0;
    const line = /^amperage_aws_calls_total\{(.*)\} (\d+)$/gm;
    for (const [, labels = '', value] of metrics.expose().matchAll(line)) {
      const action = /action="(\w+)"/.exec(labels)?.[1] ?? '';
      now.set(action, (now.get(action) ?? 0) + Number(value));
      if (labels.includes('throttled')) throttled += Number(value);
    }
    const calls = new Map(
      [...now].map(([action, sum]) => [action, sum - (before.get(action) ?? 0)]),
    );
    before = now;
    return { calls, throttled };
  };
}

async function measure(account: EmulatedAccount, services: number, names: string[]): Promise<void> {
  const metrics = new Registry();
  const abort = new AbortController();
  const http = createHttpClient();
  const world: DiscoveryWorld = {
    clock: systemClock,
    metrics,
    log: silentLogger,
    http,
    mechanism: 'cloudmap',
    signal: abort.signal,
    baseDirectory: '/',
    callLimits: new CallLimits(systemClock, metrics),
  };
  const config = cloudMapMechanism.schema.parse({
    region: 'us-east-1',
    endpoint: account.url,
    access_key: account.settings.credentials.accessKeyId,
    secret_key: account.settings.credentials.secretAccessKey,
    namespaces: names,
    call_budget: 1,
    refresh_interval: `${REFRESH_MS}ms`,
  });
  const count = countCalls(metrics);
  let startMs = performance.now();
  let lists = 0;
  for await (const list of cloudMapMechanism.discover(config, world)) {
    const seconds = (performance.now() - startMs) / 1_000 - (lists === 0 ? 0 : REFRESH_MS / 1_000);
    startMs = performance.now();
    const { calls, throttled } = count();
    const sum = [...calls.values()].reduce((total, own) => total + own, 0);
    const each = [...calls].filter(([, n]) => n > 0).map(([action, n]) => `${n} ${action}`);
    const megabytes = process.memoryUsage().rss / 1e6;
    process.stdout.write(
      `${String(services).padStart(4)} services  ` +
        `${(lists === 0 ? 'first' : 'refresh').padEnd(7)} ${seconds.toFixed(1).padStart(5)} s  ` +
        `${String(list.length).padStart(5)} targets  ${String(sum).padStart(4)} calls ` +
        `(${each.join(', ')})  ${throttled} throttled  ${megabytes.toFixed(0)} MB\n`,
    );
    if (++lists > STEADY) break;
  }
  abort.abort();
  await http.close();
}

const account = await startEmulatedAccount();
try {
  const map = new ServiceDiscoveryClient(account.settings);
  for (const services of [10, 64, 500]) {
    await account.admin('trouble', {});
    const names = await fill(map, services);
    await account.admin('trouble', { throttle: 1 });
    await measure(account, services, names);
  }
  map.destroy();
} finally {
  await account.stop();
}
process.exit(0);
