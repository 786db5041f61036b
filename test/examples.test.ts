/**
 * The examples do what their READMEs say. Each configuration is valid without a finding, and
 * examples that need no AWS run for real, with this test's addresses in place of theirs.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { checkConfigText } from '../src/config/load.ts';
import { fillInRegion } from '../src/deploy/parts/configuration.ts';
import { parseRoutes } from '../src/proxy/config.ts';
import { temporaryFolder } from './kit/folder.ts';
import { freePort, MAIN, query, startAmperage, startProgram } from './kit/processes.ts';
import { until } from './kit/waiting.ts';

const examples = path.resolve(import.meta.dirname, '../examples');
const names = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const KEYS = { id: 'AKIAEXAMPLE', secret: 'example' };
const SIGNER = { AWS_ACCESS_KEY_ID: KEYS.id, AWS_SECRET_ACCESS_KEY: KEYS.secret };
const REMOTE = 'https://aps-workspaces.us-east-1.amazonaws.com';

const read = (...at: readonly string[]): string => readFileSync(path.join(examples, ...at), 'utf8');

test('each example has a README and is listed', () => {
  const index = read('README.md');
  const main = readFileSync(path.join(examples, '../README.md'), 'utf8');
  assert.match(main, /\(examples\/README\.md\)/);
  for (const name of names) {
    assert.ok(index.includes(`[${name}](${name})`), `examples/README.md does not list ${name}`);
    assert.match(read(name, 'README.md'), /amperage /, name);
  }
});

test('each configuration is valid, without a warning', async () => {
  let checked = 0;
  for (const name of names)
    for (const file of readdirSync(path.join(examples, name)).filter((one) =>
      /^(?:prometheus\.yml|collector\.yaml)$/.test(one),
    )) {
      // REGION is what its reader, or "generate", fills in.
      const text = fillInRegion(read(name, file), 'us-east-1');
      const { findings, plan } = await checkConfigText(text, path.join(examples, name, file), {
        // Docker tells each container its name.
        env: { HOSTNAME: 'machine-1' },
      });
      assert.deepEqual(findings, [], `${name}/${file}`);
      assert.ok(plan !== undefined && plan.sinks.length > 0, name);
      const { sources, otlpReceivers, statsdReceivers } = plan;
      assert.ok(
        [sources, otlpReceivers, statsdReceivers].some((one) => one.length > 0),
        name,
      );
      checked += 1;
    }
  assert.ok(checked >= 8);
});

test('the exporter of the task definition is what the fargate example looks for', () => {
  const definition = JSON.parse(read('sidecar-exporter', 'task-definition.json')) as {
    containerDefinitions: { command?: string[]; dockerLabels?: Record<string, string> }[];
  };
  const exporter = definition.containerDefinitions.find(({ command }) => command !== undefined);
  const [program, command, ...flags] = exporter?.command ?? [];
  assert.deepEqual([program, command], ['amperage', 'exporter']);
  const { status, stdout } = spawnSync(process.execPath, [MAIN, 'exporter', ...flags, '--help'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  for (const flag of flags.filter((word) => word.startsWith('--')))
    assert.ok(stdout.includes(flag), flag);
  const port = exporter?.dockerLabels?.['PROMETHEUS_EXPORTER_PORT'];
  assert.ok(flags.some((word) => word.endsWith(`:${port}`)));
  for (const label of Object.keys(exporter?.dockerLabels ?? {}))
    assert.ok(read('fargate', 'prometheus.yml').includes(label), label);
});

test("the task definition in place of the X-Ray daemon's starts what it says", () => {
  const { containerDefinitions } = JSON.parse(read('xray-sidecar', 'task-definition.json')) as {
    containerDefinitions: {
      entryPoint?: string[];
      command: string[];
      healthCheck: { command: string[] };
    }[];
  };
  const daemon = containerDefinitions.find(({ entryPoint }) => entryPoint !== undefined);
  const [program, ...first] = daemon?.entryPoint ?? [];
  const [form, checker, ...check] = daemon?.healthCheck.command ?? [];
  assert.deepEqual([program, form, checker], ['amperage', 'CMD', 'amperage']);
  const run = (words: readonly string[]) =>
    spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  const version = run([...first, ...(daemon?.command ?? []), '--version']);
  assert.match(version.stdout, /^AWS X-Ray daemon version: /);
  // Nothing listens at this port, so the check says so.
  assert.equal(run([...check, '--bind-tcp', '127.0.0.1:9']).status, 1);
});

test('fargate: discovery finds two targets in the emulated account', async (context) => {
  const folder = path.join(examples, 'fargate');
  const env = { EMULATE_ACCESS_KEY: KEYS.id, EMULATE_SECRET_KEY: KEYS.secret };
  const scenario = ['--scenario', path.join(folder, 'account.yml')];
  const emulator = await startAmperage(context, 'emulate', scenario, env);
  const file = path.join(folder, 'prometheus.yml');
  const found = spawnSync(process.execPath, [MAIN, 'check', 'service-discovery', file, 'ecs'], {
    env: { ...process.env, ...SIGNER, AWS_ENDPOINT_URL: emulator.url },
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.match(found.stdout, /^2 targets, 0 dropped, 0 that cannot be scraped$/m, found.stderr);
  const label =
    '{cluster="prod", container="app", instance="10.0.0.0:8080", job="web", service="web"';
  assert.ok(found.stdout.includes(`scraped at http://10.0.0.0:8080/metrics as ${label}`));
});

test('file-sd: the targets are those of the files', () => {
  const file = path.join(examples, 'file-sd/prometheus.yml');
  const { stdout } = spawnSync(
    process.execPath,
    [MAIN, 'check', 'service-discovery', file, 'files'],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.match(
    stdout,
    /scraped at http:\/\/10\.0\.1\.10:9779\/metrics as .*service="ecs-exporter"/,
  );
  assert.match(stdout, /^3 targets, 0 dropped/m);
});

test('laptop: what the application counts can be asked of the workspace', async (context) => {
  const workspace = await startWorkspace(context);
  const app = await startAmperage(context, 'sample-app', []);
  await collect(context, 'laptop', app.url, workspace.url, []);
  await until('the application is up in the workspace', 30_000, async () =>
    (await query(workspace.url, 'up{job="sample-app"}')).some(({ value }) => value?.[1] === '1'),
  );
});

test('statsd: what is sent by UDP can be asked of the workspace', async (context) => {
  const workspace = await startWorkspace(context);
  const port = await freePort();
  await collect(context, 'statsd', 'http://127.0.0.1:9', workspace.url, [], port);
  const socket = createSocket('udp4');
  context.after(() => socket.close());
  socket.send('orders:2|c|#shop:web', port, '127.0.0.1');
  await until('the counter is in the workspace', 30_000, async () =>
    (await query(workspace.url, 'orders{shop="web"}')).some(({ value }) => value?.[1] === '2'),
  );
});

test('two-collectors: each target is scraped by one of them', async (context) => {
  const workspace = await startWorkspace(context);
  const app = await startAmperage(context, 'sample-app', ['--rate', '0']);
  const of = async (url: string): Promise<string[]> => {
    const answer = await (await fetch(`${url}/api/v1/targets?state=active`)).json();
    const { data } = answer as { data: { activeTargets: { labels: { app: string } }[] } };
    return data.activeTargets.map(({ labels }) => labels.app).toSorted();
  };
  const all = JSON.parse(read('two-collectors', 'apps.json')) as { labels: { app: string } }[];
  const [one, other] = await Promise.all(
    ['0/2', '1/2'].map((shard) =>
      collect(context, 'two-collectors', app.url, workspace.url, ['--shard', shard]),
    ),
  );
  assert.ok(one !== undefined && other !== undefined);
  // The shares hang on the port, and by chance (1 in 128) one collector has them all.
  const both = async (): Promise<string[]> => [...(await of(one.url)), ...(await of(other.url))];
  await until('they have all targets', 15_000, async () => (await both()).length >= all.length);
  assert.deepEqual((await both()).toSorted(), all.map(({ labels }) => labels.app).toSorted());
});

test('grafana: a data source reaches its workspace through the proxy, signed', async (context) => {
  const routes = read('grafana', 'routes.yml');
  const { datasources } = parse(read('grafana', 'datasources.yml')) as {
    datasources: { url: string }[];
  };
  const paths = parseRoutes(parse(routes), 'routes.yml').map((route) => route.path);
  const asked = datasources.map(({ url }) => new URL(url).pathname);
  assert.deepEqual(
    asked.map((one) => one.slice(0, one.indexOf('/', 1))),
    paths,
  );
  const workspace = await startWorkspace(context, ['--require-signed-reads']);
  const file = path.join(temporaryFolder(context), 'routes.yml');
  writeFileSync(file, routes.replace(REMOTE, workspace.url));
  const [port, admin] = [await freePort(), await freePort()];
  const listen = ['--port', `127.0.0.1:${port}`, '--web.listen-address', `127.0.0.1:${admin}`];
  const given = [MAIN, 'proxy', '--config.file', file, ...listen];
  await startProgram(context, process.execPath, given, admin, '/-/healthy', SIGNER);
  const target = `${asked[0]}/api/v1/query?query=1`.replace('ws-EXAMPLE', 'ws-local');
  const answer = await fetch(`http://127.0.0.1:${port}${target}`);
  assert.equal(answer.status, 200, await answer.clone().text());
  const unsigned = await fetch(`${workspace.url}${target.replace('/us/', '/')}`);
  assert.equal(unsigned.status, 403);
});

function startWorkspace(context: TestContext, more: readonly string[] = []) {
  const env = { WORKSPACE_ACCESS_KEY: KEYS.id, WORKSPACE_SECRET_KEY: KEYS.secret };
  const data = ['--storage.path', path.join(temporaryFolder(context), 'data')];
  return startAmperage(context, 'workspace', [...data, ...more], env);
}

/** Starts an example's collector with the application and the workspace of the test. */
function collect(
  context: TestContext,
  name: string,
  appUrl: string,
  workspaceUrl: string,
  more: readonly string[],
  statsdPort = 8125,
) {
  const folder = temporaryFolder(context);
  cpSync(path.join(examples, name), folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    const text = readFileSync(path.join(folder, file), 'utf8')
      .replaceAll('127.0.0.1:3000', new URL(appUrl).host)
      .replaceAll(REMOTE, workspaceUrl)
      .replaceAll('http://127.0.0.1:9009', workspaceUrl)
      .replaceAll('ws-EXAMPLE', 'ws-local')
      .replaceAll('127.0.0.1:8125', `127.0.0.1:${statsdPort}`);
    writeFileSync(path.join(folder, file), text);
  }
  const config = ['--config.file', path.join(folder, 'prometheus.yml')];
  const storage = ['--storage.path', path.join(folder, 'data')];
  return startAmperage(context, 'collect', [...config, ...storage, ...more], SIGNER);
}
