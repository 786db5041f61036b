/**
 * ECS discovery with the official SDK against the emulator: all network modes and launch types,
 * every profile as a golden list, failures, events, and how many calls it takes. AMPERAGE_UPDATE=1
 * rewrites the golden files.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { ecsMechanism } from '../../src/discovery/ecs/mechanism.ts';
import { PROFILES } from '../../src/discovery/ecs/profiles.ts';
import type { Cluster, Task } from '../../src/emulator/ecs/shapes.ts';
import type { TargetGroup } from '../../src/model/target.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { type RunningDiscovery, startDiscovery } from '../kit/discovery.ts';
import { putRole, trustWithId } from '../kit/emulated-roles.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { metricOf } from '../kit/world.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
  fillZoo(aws);
});
after(() => aws.close());

const PORT = 'PROMETHEUS_EXPORTER_PORT';

/** Fills a cluster with a task of every kind. */
function fillZoo({ account }: EmulatedAws): void {
  const { ecs, ecsServices } = account;
  const zoo = ecs.createCluster('zoo', [{ key: 'team', value: 'core' }]);
  account.addInstance(zoo, 'i-0123456789abcdef0', '10.1.0.1', { Name: 'node-1' });
  account.addInstance(zoo, 'mi-0fedcba9876543210', '192.168.0.9');
  const app = {
    name: 'app',
    image: 'web:1',
    portMappings: [{ containerPort: 3000 }, { containerPort: 9102 }],
    dockerLabels: {
      [PORT]: '3000',
      PROMETHEUS_EXPORTER_PATH: '/stats',
      PROMETHEUS_EXPORTER_JOB_NAME: 'web',
      'com.example/team': 'a',
      plain: 'b',
    },
  };
  const several = {
    name: 'several',
    image: 'several:2',
    dockerLabels: { [PORT]: '9404:/metrics;job=app;interval=30s,8080:/x;scheme=https' },
  };
  const odd = { name: 'odd', image: 'odd:1', dockerLabels: { [PORT]: 'none' } };
  const silent = { name: 'silent', image: 'silent:1' };
  ecs.register('vpc', [app, several, odd, silent]);
  ecs.register('bridge', [app, { ...several, name: 'unmapped' }], 'bridge');
  ecs.register('host', [app, several], 'host');
  ecs.register('none', [app], 'none');
  ecsServices.create(zoo, {
    serviceName: 'web',
    taskDefinition: 'vpc',
    desiredCount: 1,
    tags: [{ key: 'env', value: 'prod' }],
  });
  ecs.run(zoo, { taskDefinition: 'vpc', address: 'fd00::1', tags: [{ key: 'a b', value: 'c' }] });
  ecs.run(zoo, { taskDefinition: 'bridge', launchType: 'EC2' });
  ecs.run(zoo, { taskDefinition: 'host', launchType: 'EC2' });
  ecs.run(zoo, { taskDefinition: 'none', launchType: 'EC2' });
  ecs.run(zoo, {
    taskDefinition: 'bridge',
    launchType: 'EXTERNAL',
    containerInstance: 'mi-0fedcba9876543210',
  });
  ecs.run(zoo, { taskDefinition: 'vpc', launchType: 'MANAGED_INSTANCES' });
  const stopping = ecs.run(zoo, { taskDefinition: 'vpc' });
  ecs.change(stopping, { desiredStatus: 'STOPPED' });
  const pending = ecs.run(zoo, { taskDefinition: 'vpc' });
  ecs.change(pending, { lastStatus: 'PENDING' });
  // ECS adds the proxy of Service Connect to the task, but not to its definition.
  const injected = ecs.run(zoo, { taskDefinition: 'host', launchType: 'EC2' });
  injected.containers.push({ ...injected.containers[0]!, name: 'ecs-service-connect-x' });
}

function start(context: TestContext, config: object, endpoint = aws.url): RunningDiscovery {
  const access = { region: 'us-east-1', endpoint };
  return startDiscovery(context, ecsMechanism, { ...access, ...config }, { mechanism: 'ecs' });
}

const addresses = (list: readonly TargetGroup[] = []): string[] =>
  list.flatMap(({ targets }) => targets.map(({ __address__ }) => __address__ ?? ''));

/** Replaces random ids by the order of their appearance. */
function dropIds(text: string): string {
  const ids = new Map<string, string>();
  return text
    .replaceAll(/[0-9a-f]{32}/g, (id) => {
      if (!ids.has(id)) ids.set(id, `id-${ids.size + 1}`);
      return ids.get(id)!;
    })
    .replaceAll(/ecs-svc\/\d+/g, 'ecs-svc/1');
}

const RULES = {
  services: [{ name_pattern: '^we', metrics_ports: [9102], job_name: 'by-service' }],
  task_definitions: [
    { arn_pattern: ':task-definition/bridge:', metrics_ports: [9102], metrics_path: '/td' },
  ],
  docker_labels: [
    {
      port_label: PORT,
      metrics_path_label: 'PROMETHEUS_EXPORTER_PATH',
      job_name_label: 'PROMETHEUS_EXPORTER_JOB_NAME',
    },
  ],
};

for (const profile of PROFILES)
  test(`the targets of every kind of task with the labels of ${profile}`, async (context) => {
    const run = start(context, {
      clusters: ['zoo'],
      labels: profile,
      service_details: true,
      ...RULES,
    });
    await run.until(() => run.lists.length > 0);
    const groups = run.lists[0]!.map(({ targets, labels }) => ({ ...targets[0], ...labels }));
    const text = dropIds(`${JSON.stringify(groups, undefined, 2)}\n`);
    const file = path.resolve(import.meta.dirname, `../golden/discovery/${profile}.json`);
    if (process.env['AMPERAGE_UPDATE'] === '1' || !existsSync(file)) writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });

test('every container that is no target has its reason', async (context) => {
  const run = start(context, { clusters: ['zoo'] });
  await run.until(() => run.lists.length > 0);
  const reasons = run
    .explained()
    .flatMap(({ group, verdicts }) =>
      verdicts.map(({ container, reason }) => `${group} ${container} ${reason ?? 'target'}`),
    );
  assert.deepEqual(reasons.toSorted(), [
    'family:bridge app no_address',
    'family:bridge app target',
    'family:bridge unmapped no_address',
    'family:bridge unmapped no_address',
    'family:bridge unmapped port_not_mapped',
    'family:bridge unmapped port_not_mapped',
    'family:host app target',
    'family:host app target',
    'family:host ecs-service-connect-x no_rule',
    'family:host several target',
    'family:host several target',
    'family:host several target',
    'family:host several target',
    'family:none app no_network',
    'family:vpc  not_running',
    'family:vpc app target',
    'family:vpc app target',
    'family:vpc odd bad_label',
    'family:vpc odd bad_label',
    'family:vpc several target',
    'family:vpc several target',
    'family:vpc several target',
    'family:vpc several target',
    'family:vpc silent no_rule',
    'family:vpc silent no_rule',
    'service:web app target',
    'service:web odd bad_label',
    'service:web several target',
    'service:web several target',
    'service:web silent no_rule',
  ]);
});

test('one failing cluster keeps its targets and touches no other', async (context) => {
  const { ecs } = aws.account;
  const { trouble } = aws.cloud;
  ecs.register('plain', [{ name: 'a', image: 'a', dockerLabels: { [PORT]: '80' } }]);
  const [one, two] = [ecs.createCluster('one'), ecs.createCluster('two')];
  ecs.run(one, { taskDefinition: 'plain', address: '10.9.0.1' });
  ecs.run(two, { taskDefinition: 'plain', address: '10.9.0.2' });
  context.after(() => void trouble.set({}));
  const run = start(context, { clusters: ['one', 'two'], refresh_interval: '10s' });
  await run.until(() => addresses(run.lists.at(-1)).length === 2);
  trouble.set({ faults: [{ cluster: 'one', code: 'AccessDeniedException' }] });
  ecs.run(one, { taskDefinition: 'plain', address: '10.9.0.3' });
  ecs.run(two, { taskDefinition: 'plain', address: '10.9.0.4' });
  await run.until(() => addresses(run.lists.at(-1)).includes('10.9.0.4:80'));
  assert.deepEqual(addresses(run.lists.at(-1)), ['10.9.0.1:80', '10.9.0.2:80', '10.9.0.4:80']);
  assert.match(run.metrics.expose(), /snapshot_age_seconds\{scope="us-east-1 one"\} [1-9]/);
  trouble.set({});
  await run.until(() => addresses(run.lists.at(-1)).includes('10.9.0.3:80'));
  const readAge = (): number =>
    metricOf(run.metrics, 'amperage_sd_snapshot_age_seconds{scope="us-east-1 two"}');
  await run.until(() => readAge() >= 5, 1_000);
  await run.stop();
  assert.doesNotMatch(run.metrics.expose(), /^amperage_sd_snapshot_age_seconds\{/m);
});

test('another account is read by its role and external id, and is a scope of its own', async (context) => {
  const { ecs } = aws.account;
  const role = await putRole(aws.cloud, 'observer', { trust: trustWithId('agreed') });
  process.env['AWS_ENDPOINT_URL'] = aws.url;
  context.after(() => {
    delete process.env['AWS_ENDPOINT_URL'];
  });
  ecs.register('there', [{ name: 'a', image: 'a', dockerLabels: { [PORT]: '80' } }]);
  ecs.run(ecs.createCluster('there'), { taskDefinition: 'there', address: '10.6.0.1' });
  const refused = start(context, { clusters: ['there'], role_arn: role });
  await refused.until(() => /refresh_failures_total\{.*\} [1-9]/.test(refused.metrics.expose()));
  assert.equal(refused.lists.length, 0);
  await refused.stop();
  const run = start(context, { clusters: ['there'], role_arn: role, external_id: 'agreed' });
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(addresses(run.lists[0]), ['10.6.0.1:80']);
  assert.match(
    run.metrics.expose(),
    /snapshot_age_seconds\{scope="arn:aws:iam::.* us-east-1 there"\}/,
  );
});

test('what was found is kept on disk, and is there at once when AWS is not', async (context) => {
  const { ecs } = aws.account;
  const { trouble } = aws.cloud;
  const cluster = ecs.createCluster('kept');
  ecs.register('kept', [{ name: 'a', image: 'a', dockerLabels: { [PORT]: '80' } }]);
  ecs.run(cluster, { taskDefinition: 'kept', address: '10.8.0.1' });
  const folder = temporaryFolder(context);
  context.after(() => trouble.set({}));
  const config = { clusters: ['kept'], cache_dir: folder };
  const first = start(context, config);
  await first.until(() => first.lists.length > 0);
  await first.stop();
  trouble.set({ faults: [{ code: 'AccessDeniedException' }] });
  const second = start(context, config);
  await second.until(() => second.lists.length > 0, 0);
  assert.deepEqual(addresses(second.lists[0]), ['10.8.0.1:80']);
});

test('a new task is a target right after its event, and a stopped one is none', async (context) => {
  const { account } = aws;
  const cluster = account.ecs.createCluster('live');
  account.ecs.register('live', [{ name: 'a', image: 'a', dockerLabels: { [PORT]: '80' } }]);
  const url = account.queues.create('events');
  account.subscribed.add('events');
  context.after(() => account.subscribed.clear());
  account.queues.send('events', 'this is no event');
  const run = start(context, { clusters: ['live'], events_queue_url: url });
  await run.until(() => run.lists.length > 0);
  assert.deepEqual(addresses(run.lists.at(-1)), []);
  const startedAt = performance.now();
  const task = account.ecs.run(cluster, { taskDefinition: 'live', address: '10.7.0.1' });
  await run.until(() => addresses(run.lists.at(-1)).length === 1, 0);
  assert.ok(performance.now() - startedAt < 2_000);
  account.ecs.stop(task);
  await run.until(() => addresses(run.lists.at(-1)).length === 0, 0);
  assert.match(run.metrics.expose(), /amperage_sd_events_total\{outcome="other_event"\} 1/);
});

/** Creates a cluster with this many tasks, twenty in a service. */
function createCrowd(name: string, count: number): Cluster {
  const { ecs, ecsServices } = aws.account;
  const cluster = ecs.createCluster(name);
  for (let i = 0; i < count / 20; i++) {
    ecs.register(`${name}-${i}`, [{ name: 'a', image: 'a', dockerLabels: { [PORT]: '80' } }]);
    ecsServices.create(cluster, {
      serviceName: `${name}-${i}`,
      taskDefinition: `${name}-${i}`,
      desiredCount: 20,
    });
  }
  return cluster;
}

for (const [tasks, calls] of [
  [100, 2],
  [1_000, 11],
] as const)
  test(`a refresh of ${tasks} tasks takes ${calls} calls at most`, async (context) => {
    createCrowd(`crowd${tasks}`, tasks);
    const run = start(context, { clusters: [`crowd${tasks}`], refresh_interval: '1m' });
    await run.until(() => addresses(run.lists.at(-1)).length === tasks);
    aws.cloud.takeCalls();
    const before = run.lists.length;
    await run.until(() => run.lists.length === before + 1);
    const made = Object.values(aws.cloud.takeCalls()).reduce((sum, count) => sum + count, 0);
    assert.ok(made <= calls, `${made} calls`);
  });

test('churn: no healthy target is ever dropped, and no dead one stays longer than a refresh', async (context) => {
  const { ecsServices } = aws.account;
  const { trouble } = aws.cloud;
  const cluster = createCrowd('churn', 240);
  context.after(() => void trouble.set({}));
  const run = start(context, { clusters: ['churn'], refresh_interval: '10s', call_budget: 1 });
  await run.until(() => addresses(run.lists.at(-1)).length === 240);
  const arnOf = ({ labels }: TargetGroup): string => labels['__meta_ecs_task_arn']!;
  const running = (): Map<string, Task> =>
    new Map(
      [...cluster.tasks.values()]
        .filter(({ task }) => task.lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING')
        .map(({ task }) => [task.taskArn, task]),
    );
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 0x7fffffff) % below;
  for (let round = 0; round < 25; round++) {
    const before = new Set(run.lists.at(-1)!.map(arnOf));
    const service = [...cluster.services.values()][random(cluster.services.size)]!;
    ecsServices.deploy(service, service.taskDefinition);
    ecsServices.settle(cluster, service, 1 + random(20));
    const isTroubled = round % 5 !== 4;
    trouble.set(
      isTroubled
        ? {
            faults: [
              { action: 'DescribeTasks', code: 'ThrottlingException', share: random(60) / 100 },
              { action: 'ListTasks', code: 'AccessDeniedException', share: random(50) / 100 },
            ],
          }
        : {},
    );
    const seen = run.lists.length;
    await run.until(() => run.lists.length > seen);
    const found = new Set(run.lists.at(-1)!.map(arnOf));
    const after = running();
    for (const arn of before)
      if (after.has(arn)) assert.ok(found.has(arn), `round ${round}: a healthy target was dropped`);
    if (isTroubled) continue;
    await run.until(() => run.lists.length > seen + 1);
    const settled = new Set(run.lists.at(-1)!.map(arnOf));
    assert.deepEqual([...settled].toSorted(), [...after.keys()].toSorted(), `round ${round}`);
  }
});
