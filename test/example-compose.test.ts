/**
 * The compose files of examples/compose: what Compose would read of them, by a schema of the keys
 * that they use, and that each container of ours is started with a command line that exists, and
 * reached by a name that its server answers to. They are not run.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import * as z from 'zod';
import { DASHBOARDS, readDashboards } from './kit/dashboards.ts';
import { temporaryFolder } from './kit/folder.ts';
import { MAIN, startAmperage } from './kit/processes.ts';

const folder = path.resolve(import.meta.dirname, '../examples/compose');
const dockerfile = readFileSync(path.resolve(folder, '../../Dockerfile'), 'utf8');
const FILES = ['compose.yml', 'compose.grafana.yml'];

const duration = z.string().regex(/^\d+(?:s|m)$/);
const texts = z.array(z.string());
/** Of https://github.com/compose-spec/compose-spec/blob/main/spec.md what the files use. */
const serviceSchema = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), target: z.string() }).optional(),
  command: texts.optional(),
  // YAML's own true or 8 would be refused by Compose where it asks for text.
  environment: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)).optional(),
  volumes: z.array(z.string().regex(/^[^:]+:\/[^:]+(?::ro)?$/)).optional(),
  tmpfs: texts.optional(),
  read_only: z.boolean().optional(),
  network_mode: z.literal('host').optional(),
  cap_drop: texts.optional(),
  security_opt: texts.optional(),
  stop_grace_period: duration.optional(),
  depends_on: z
    .record(z.string(), z.strictObject({ condition: z.literal('service_healthy') }))
    .optional(),
  healthcheck: z
    .strictObject({
      test: texts,
      interval: duration,
      timeout: duration,
      start_period: duration,
    })
    .optional(),
});
const composeSchema = z.strictObject({
  'x-amperage': z.unknown().optional(),
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.strictObject({})).optional(),
});
type Service = z.infer<typeof serviceSchema>;

const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
const readCompose = (file: string): z.infer<typeof composeSchema> =>
  composeSchema.parse(parse(read(file), { merge: true }));
const isOurs = ({ image }: Service): boolean => image === 'amperage';

for (const file of FILES)
  test(`${file}: what it names exists`, () => {
    const { services, volumes = {} } = readCompose(file);
    const named = new Set<string>();
    for (const [name, service] of Object.entries(services)) {
      for (const [other] of Object.entries(service.depends_on ?? {}))
        assert.ok(services[other]?.healthcheck !== undefined, `${name} waits for ${other}`);
      for (const [from = ''] of (service.volumes ?? []).map((volume) => volume.split(':')))
        if (from.startsWith('.')) assert.ok(existsSync(path.join(folder, from)), from);
        else named.add(from);
    }
    assert.deepEqual([...named].sort(), Object.keys(volumes).sort());
  });

for (const file of FILES)
  test(`${file}: containers of ours have nothing that they need not have`, () => {
    const ours = Object.values(readCompose(file).services).filter(isOurs);
    assert.ok(ours.length > 0);
    for (const { build, read_only, cap_drop, security_opt } of ours) {
      assert.deepEqual(build, { context: '../..', target: 'amperage' });
      assert.match(dockerfile, /^FROM base AS amperage$/m);
      assert.deepEqual(
        [read_only, cap_drop, security_opt],
        [true, ['ALL'], ['no-new-privileges:true']],
      );
    }
  });

for (const file of FILES)
  test(`${file}: each command line and health check of ours exists`, () => {
    for (const [name, { command = [], healthcheck }] of Object.entries(
      readCompose(file).services,
    ).filter(([, service]) => isOurs(service)))
      for (const words of [command, healthcheck?.test.slice(2) ?? []]) {
        if (words.length === 0) continue;
        const flags = words.filter((word) => word.startsWith('--'));
        const names = words.slice(0, words[0] === 'check' ? 2 : 1);
        const { stdout } = spawnSync(process.execPath, [MAIN, ...names, '--help'], {
          encoding: 'utf8',
        });
        assert.match(stdout, new RegExp(`^Usage: amperage ${names.join(' ')} `), name);
        for (const flag of flags) assert.ok(stdout.includes(`${flag} `), `${name}: ${flag}`);
      }
  });

test('Grafana and the collector reach servers of this network by names that those answer to', async (context) => {
  const { services } = readCompose('compose.grafana.yml');
  const { datasources } = parse(read('datasources.yml')) as {
    datasources: readonly { type: string; access: string; url: string }[];
  };
  const { remote_write: sinks, scrape_configs: jobs } = parse(read('prometheus.yml')) as {
    remote_write: readonly { url: string }[];
    scrape_configs: readonly { static_configs: readonly { targets: readonly string[] }[] }[];
  };
  const asked = [
    ...datasources.map(({ url }) => url),
    ...sinks.map(({ url }) => url),
    ...jobs.flatMap(
      (job) => job.static_configs[0]?.targets.map((at) => `http://${at}/metrics`) ?? [],
    ),
  ].map((url) => new URL(url));
  const keys = { WORKSPACE_ACCESS_KEY: 'AKIAEXAMPLE', WORKSPACE_SECRET_KEY: 'example' };
  const running = {
    workspace: await startAmperage(
      context,
      'workspace',
      ['--storage.path', temporaryFolder(context)],
      keys,
    ),
    'sample-app': await startAmperage(context, 'sample-app', []),
  };
  // The collector scrapes itself.
  const others = asked.filter(({ hostname }) => hostname !== '127.0.0.1');
  assert.deepEqual(new Set(others.map(({ hostname }) => hostname)), new Set(Object.keys(running)));
  for (const [name, { url }] of Object.entries(running)) {
    const urls = asked.filter(({ hostname }) => hostname === name);
    for (const { host, port } of urls) {
      assert.ok(services[name]?.command?.includes(`0.0.0.0:${port}`), host);
      // 403 is for strangers.
      assert.equal(await ask(`${url}/-/healthy`, host), 200, host);
    }
  }
  const [{ url, type, access }] = datasources as [(typeof datasources)[0]];
  assert.deepEqual([type, access], ['prometheus', 'proxy']);
  const query = `${running.workspace.url}${new URL(url).pathname}/api/v1/query?query=1%2B1`;
  assert.equal(await ask(query, 'workspace:9009'), 200);
});

/** Of https://grafana.com/docs/grafana/latest/administration/provisioning/ what is used. */
const providersSchema = z.strictObject({
  apiVersion: z.literal(1),
  providers: z.array(
    z.strictObject({
      name: z.string(),
      type: z.literal('file'),
      options: z.strictObject({ path: z.string() }),
    }),
  ),
});

test('Grafana is given the dashboards of the package, and a data source of their kind', () => {
  const { volumes = [] } = readCompose('compose.grafana.yml').services['grafana'] ?? {};
  const mounted = new Map(
    volumes.map((volume) => volume.split(':')).map(([from = '', to = '']) => [to, from]),
  );
  const provider = mounted.get('/etc/grafana/provisioning/dashboards/amperage.yml');
  const { providers } = providersSchema.parse(parse(read(provider ?? '')));
  const sources = providers.map(({ options }) => mounted.get(options.path) ?? '');
  assert.deepEqual(
    sources.map((source) => path.resolve(folder, source)),
    [DASHBOARDS],
  );
  const { datasources } = parse(read('datasources.yml')) as {
    datasources: readonly { type: string; isDefault: boolean }[];
  };
  const kinds = [...readDashboards().values()].map(({ templating }) => templating.list[0]?.query);
  assert.equal(kinds.filter((kind) => kind === datasources[0]?.type).length, 4);
  assert.equal(datasources[0]?.isDefault, true);
});

function ask(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .once('error', reject)
      .end();
  });
}
