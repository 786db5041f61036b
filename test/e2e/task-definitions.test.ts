/**
 * The task definitions of aws-samples/prometheus-for-ecs, with our commands in place of their
 * images: arguments, environment and configurations as they are, against the emulator. Changed are
 * only the names that the scripts beside them put in, and the folders that the volumes mount.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { TURNS_MAX_MS } from '../kit/fixed-ports.ts';
import {
  canRun,
  type ContainerDefinition,
  EXPORTER_TAGS,
  isHealthy,
  NODE_TAGS,
  openPublishedPlace,
  type PublishedPlace,
  readContainers,
  readPublished,
  registerServices,
  tellAgent,
  untilWritten,
  WEBAPP_TAGS,
} from '../kit/published-tasks.ts';
import { until } from '../kit/waiting.ts';

const BY_TURNS = { skip: skipWithoutConformance, timeout: TURNS_MAX_MS };
const TASK = {
  taskId: '1'.repeat(32),
  service: 'WebAppService',
  cluster: 'prod',
  family: 'WebAppTask',
};

/** What has run: `folder/file` of a configuration, `folder/file: name` of a container. */
const ran = new Set<string>();

function take(place: PublishedPlace, folder: string, file: string): string {
  ran.add(`${folder}/${file}`);
  return place.fill(readPublished(folder, file));
}

function container(
  place: PublishedPlace,
  folder: string,
  file: string,
  name: string,
): ContainerDefinition {
  const found = readContainers(place.fill(readPublished(folder, file))).find(
    (one) => one.name === name,
  );
  assert.ok(found, name);
  ran.add(`${folder}/${file}: ${name}`);
  return found;
}

test('the tasks of Prometheus: reloader, signing proxy, server, application, node', BY_TURNS, async (context) => {
  const place = await openPublishedPlace(context);
  const folder = 'deploy-prometheus';
  const task = 'prometheusTaskDefinition.json.template';
  const config = take(place, folder, 'prometheus.yaml.template');
  await place.putParameter('ECS-Prometheus-Configuration', config);
  await place.putParameter('ECS-ServiceDiscovery-Namespaces', 'ecs-services');
  const services = { 'webapp-svc': WEBAPP_TAGS, 'node-exporter-svc': NODE_TAGS };
  await registerServices(place, services, TASK);
  place.start(container(place, folder, 'webappTaskDefinition.json.template', 'webapp'));
  const node = container(
    place,
    folder,
    'nodeExporterTaskDefinition.json.template',
    'prometheus-node-exporter',
  );
  const hasNode = canRun(node);
  if (hasNode) place.start(node);
  else context.diagnostic('node-exporter is not installed: run scripts/install-peers.sh');
  place.start(container(place, folder, task, 'config-reloader'));
  await untilWritten(place, 'etc/config/prometheus.yaml');
  await untilWritten(place, 'etc/config/ecs-services.json');
  place.start(container(place, folder, task, 'aws-iamproxy'));
  const server = place.start(container(place, folder, task, 'prometheus-server'));
  // As the health check of the task asks.
  await until('the server is healthy', 30_000, () => isHealthy('http://localhost:9090/-/healthy'));
  for (const flag of [
    'storage.tsdb.retention.time',
    'web.console.libraries',
    'web.console.templates',
  ])
    assert.equal(server.output().split(`--${flag} has no effect`).length, 2, flag);
  assert.ok(existsSync(path.join(place.folder, 'data')));
  await place.arrived('http_requests_total{job="ecs_services"}');
  if (hasNode) await place.arrived('node_cpu_seconds_total{mode="idle"}');
  // As --web.enable-lifecycle asks.
  const reload = await fetch('http://localhost:9090/-/reload', { method: 'POST' });
  assert.equal(reload.status, 200);
}); // prettier-ignore

test('the tasks of ADOT: targets by HTTP, the collector, application and exporter', BY_TURNS, async (context) => {
  const place = await openPublishedPlace(context);
  const folder = 'deploy-adot';
  const task = 'adotTaskDefinition.json.template';
  const app = 'webappTaskDefinition.json.template';
  const config = take(place, folder, 'otel-collector-config.yaml.template');
  await place.putParameter('otel-collector-config', config);
  await place.putParameter('ECS-Namespaces', 'ecs-services');
  const services = { 'webapp-svc': { ...WEBAPP_TAGS, ...EXPORTER_TAGS }, 'adot-collector-svc': {} };
  await registerServices(place, services, TASK);
  // The variable by which an application sends its traces to the collector's port 2000.
  const webapp = place.start(container(place, folder, app, 'webapp'), {
    AWS_XRAY_DAEMON_ADDRESS: 'adot-collector-svc.ecs-services:2000',
  });
  const agent = await tellAgent(place, TASK, webapp);
  place.start(container(place, folder, app, 'ecs-exporter'), agent);
  place.start(container(place, folder, task, 'config-reloader'));
  await until('the targets are served', 30_000, () =>
    isHealthy('http://localhost:9001/prometheus-targets'),
  );
  place.start(container(place, folder, task, 'aws-otel-collector'));
  await place.arrived('http_requests_total{job="ecs_services"}');
  await place.arrived('ecs_container_cpu_usage_seconds_total{container_name="webapp"}');
  await until('a trace is in X-Ray', 30_000, async () => (await place.traces()) > 0);
}); // prettier-ignore

/** Configurations that a test of their own runs. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'deploy-adot/otel-collector-config-cloudwatch.yaml.template': 'article-cloudwatch.test.ts',
};

function listPublished(): string[] {
  return readdirSync(conformancePath('articles')).flatMap((folder) =>
    readdirSync(conformancePath('articles', folder))
      .filter((file) => file.endsWith('.template'))
      .flatMap((file) => {
        if (!file.includes('TaskDefinition')) return [`${folder}/${file}`];
        const containers = readContainers(readPublished(folder, file));
        return containers.map(({ name }) => `${folder}/${file}: ${name}`);
      }),
  );
}

test('no container and no configuration of the deployments is left out', { skip: skipWithoutConformance }, () => {
  for (const [name, file] of Object.entries(ELSEWHERE)) {
    const source = readFileSync(path.join(import.meta.dirname, file), 'utf8');
    assert.ok(source.includes(path.basename(name)), `${file} does not run ${name}`);
  }
  const known = [...ran, ...Object.keys(ELSEWHERE)];
  assert.deepEqual(known.toSorted(), listPublished().toSorted());
}); // prettier-ignore
