/**
 * The editor schemas against the loader: they accept whatever the loader accepts, and refuse what
 * it refuses for its shape alone.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { listDialects, renderDialects } from '../../scripts/generate/dialects.ts';
import { checkConfigText } from '../../src/config/load.ts';
import { isCollectorConfig } from '../../src/config/otel/sections.ts';
import { parseRoutes } from '../../src/proxy/config.ts';
import { webConfigSchema } from '../../src/settings/web-config.ts';
import { parseImages } from '../../src/emulator/ecs/processes/images.ts';
import { parseScenario } from '../../src/emulator/scenario.ts';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';

const ROOT = join(import.meta.dirname, '../..');
const RUNS = process.env['AMPERAGE_LONG'] === '1' ? 20_000 : 200;
const ENV = { X: '15s', N: '3', AWS_REGION: 'us-east-1' };

const validators = new Map<string, ValidateFunction>();

before(() => {
  const ajv = new Ajv({ strict: false, allErrors: false });
  for (const [path, text] of renderDialects(listDialects())) {
    const [, name] = /^schema\/(.*)\.schema\.json$/.exec(path) ?? [];
    if (name !== undefined) validators.set(name, ajv.compile(JSON.parse(text) as object));
  }
});

/** Why the schema of a dialect refuses a text; empty if it accepts it. */
function findRefusal(name: string, text: string): string {
  const validate = validators.get(name);
  assert.ok(validate, name);
  if (validate(parse(text, { merge: true }))) return '';
  return JSON.stringify(validate.errors);
}

function chooseDialect(text: string): string {
  return isCollectorConfig(parse(text, { merge: true })) ? 'collector' : 'prometheus';
}

async function isAccepted(text: string, file = 'c.yml'): Promise<boolean> {
  const { findings } = await checkConfigText(text, file, { env: ENV });
  return findings.every(({ severity }) => severity !== 'error');
}

const COLLECTOR = `
receivers:
  prometheus/a:
    config:
      global: { scrape_interval: 30s }
      scrape_configs: [{ job_name: app, static_configs: [{ targets: ['localhost:80'] }] }]
exporters:
  prometheusremotewrite/amp:
    endpoint: https://aps-workspaces.us-east-1.amazonaws.com/workspaces/w/api/v1/remote_write
    timeout: 1.5s
    headers: [{ name: A, value: b }]
    auth: { authenticator: sigv4auth }
    target_info: { enabled: false }
  prometheusremotewrite:
    http: { endpoint: 'http://localhost/\${X}', tls: { min_version: '1.2' } }
processors: { batch: , memory_limiter: { limit_mib: 100 } }
extensions: { sigv4auth: { region: us-east-1 }, health_check: }
service:
  extensions: [sigv4auth, health_check]
  telemetry: { logs: { level: info } }
  pipelines:
    metrics: { receivers: [prometheus/a], processors: [batch], exporters: [prometheusremotewrite/amp] }
    metrics/b: { receivers: [prometheus/a], exporters: [prometheusremotewrite] }
`;

const PROMETHEUS = `
global:
  scrape_interval: 15s
  external_labels: { a: 1, b: true, c: }
scrape_configs:
  - job_name: 1
    honor_labels: yes
    sample_limit: '\${env:N}'
    scrape_timeout: \${env:NONE:-5s}
    body_size_limit: 1.5GiB
    scheme:
    params: { a: [1, b] }
    static_configs: [{ targets: ['localhost:80'], labels: { x: 1 } }]
    http_sd_configs: [{ url: 'http://localhost/', refresh_interval: 60 }]
    relabel_configs:
      - { source_labels: [__address__], regex: , target_label: x, action: replace }
  - job_name: ecs
    amperage_ecs_sd_configs:
      - clusters: [a]
        services: [{ name_pattern: '^web', metrics_ports: [9404] }]
        call_budget: 0.25
    dns_sd_configs: [{ names: [a.b], type: A, port: 9100 }]
    tls_config: { min_version: TLS12 }
remote_write:
  - url: http://localhost/api/v1/write
    sigv4: { region: us-east-1 }
    queue_config: { max_shards: 4, sample_age_limit: 0, disk_sync: every }
file_write: [{ path: samples.jsonl, max_size: 0 }]
storage: { tsdb: { out_of_order_time_window: 1h } }
`;

test('what the repository has as examples and the loader accepts is accepted', async () => {
  const files = globSync(['src/config/testdata/*.yml', 'examples/**/*.{yml,yaml}'], { cwd: ROOT });
  const texts = files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')] as const);
  const blocks = globSync(['README.md', 'docs/*.md'], { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(
      ([, text = '']) => [file, text] as const,
    ),
  );
  let taken = 0;
  for (const [file, text] of [
    ...texts,
    ...blocks,
    ['PROMETHEUS', PROMETHEUS],
    ['COLLECTOR', COLLECTOR],
  ] as const) {
    if (!(await isAccepted(text, join(ROOT, file)))) continue;
    taken += 1;
    assert.equal(findRefusal(chooseDialect(text), text), '', file);
  }
  assert.ok(taken >= 7, `only ${taken} were taken by the loader`);
});

test(
  'what Prometheus publishes as good and the loader accepts is accepted',
  { skip: skipWithoutConformance },
  async () => {
    const folder = conformancePath('prometheus-config');
    let taken = 0;
    for (const file of globSync('**/*.{yml,yaml}', { cwd: folder })) {
      const text = readFileSync(join(folder, file), 'utf8');
      if (!(await isAccepted(text, join(folder, file)).catch(() => false))) continue;
      taken += 1;
      assert.equal(findRefusal(chooseDialect(text), text), '', file);
    }
    assert.ok(taken >= 10, `only ${taken} were taken by the loader`);
  },
);

test('configurations with faults of their shape are refused', () => {
  for (const name of ['errors.yml', 'otel-errors.yml']) {
    const text = readFileSync(join(ROOT, 'src/config/testdata', name), 'utf8');
    assert.notEqual(findRefusal(chooseDialect(text), text), '', name);
  }
});

test('one fault of each kind is refused', () => {
  const job = (more: string): string => `scrape_configs: [{ job_name: a, ${more} }]`;
  const faults: readonly (readonly [dialect: string, text: string])[] = [
    ['prometheus', 'scrape_interval: 15s'],
    ['prometheus', 'rule_files: [a.yml]'],
    ['prometheus', 'scrape_configs: {}'],
    ['prometheus', 'scrape_configs: [{}]'],
    ['prometheus', 'scrape_configs: [null]'],
    ['prometheus', job('scrape_interval: 15')],
    ['prometheus', job('scrape_interval: 15 seconds')],
    ['prometheus', job('body_size_limit: 15 apples')],
    ['prometheus', job('sample_limit: -1')],
    ['prometheus', job('sample_limit: many')],
    ['prometheus', job('scheme: ftp')],
    ['prometheus', job('kubernetes_sd_configs: [{ role: pod }]')],
    ['prometheus', job('ecs_sd_configs: [{ services: [] }]')],
    ['prometheus', job('ecs_sd_configs: [{ port: 70000 }]')],
    ['prometheus', job('ec2_sd_configs: [{ filters: [{ name: a, values: [] }] }]')],
    ['prometheus', job('aws_sd_configs: [{ role: lightsail }]')],
    ['prometheus', 'remote_write: [{ url: http://a, azuread: {} }]'],
    ['collector', 'service: { pipelines: [] }'],
    ['collector', 'receivers: { prometheus: { confg: {} } }\nservice: {}'],
    ['collector', 'exporters: { prometheusremotewrite: { timeout: 1d } }\nservice: {}'],
    ['targets', '[{ targets: localhost }]'],
    ['web-config', 'tls_server_config: { min_version: TLS9 }'],
    ['proxy-routes', 'routes: []'],
    ['proxy-routes', 'routes: [{ hst: a }]'],
    ['emulator-scenario', 'steps: [{ call: nothing }]'],
    ['emulator-images', 'images: [{ image: a }]'],
  ];
  for (const [dialect, text] of faults) assert.notEqual(findRefusal(dialect, text), '', text);
});

test('the other files: what their readers accept is accepted', () => {
  const routes = 'routes: [{ host: a, path: /b, presign: 15m, strip_path: true }, {}]';
  assert.equal(parseRoutes(parse(routes), 'f').length, 2);
  assert.equal(findRefusal('proxy-routes', routes), '');
  const web = 'tls_server_config: { cert_file: a, key_file: b }\nbasic_auth_users: { a: x }';
  assert.ok(webConfigSchema.safeParse(parse(web)).success);
  assert.equal(findRefusal('web-config', web), '');
  const steps =
    'steps: [{ call: ssm.PutParameter, input: { Name: a } }, { object: s3://b/k, text: x, ' +
    'after: 10s }]';
  assert.equal(parseScenario(parse(steps), 'f').length, 2);
  assert.equal(findRefusal('emulator-scenario', steps), '');
  const images = "images: [{ image: 'a/*', program: [amperage, collect], command: [b] }]";
  assert.equal(parseImages(parse(images), 'f')[0]?.fits('a/b:1'), true);
  assert.equal(findRefusal('emulator-images', images), '');
  assert.equal(findRefusal('targets', '[{ targets: [a:1], labels: { x: y } }, {}]'), '');
});

/** The paths of all values of a document. */
function listPaths(value: unknown, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const inner = Object.entries(value).flatMap(([key, one]) =>
    listPaths(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? inner : [[...path], ...inner];
}

function replaceValue(
  document: unknown,
  path: readonly (string | number)[],
  value: unknown,
): unknown {
  const copy = structuredClone(document);
  let owner = copy as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) owner = owner[step] as typeof owner;
  owner[path.at(-1)!] = value;
  return copy;
}

test('property: any value that the loader accepts at any path is accepted', async () => {
  const documents = [PROMETHEUS, COLLECTOR].map((text) => parse(text) as unknown);
  const values = [null, 0, 1, 15, -1, 1.5, true, '', '0', 'x', 'yes', '15s', '1h30m', '1.5s', '60', '1GB', '512', 'a b',
    '$1', '${env:X}', '${env:N}', '${X}', 'a${env:X}b', [], ['x'], [null], {}, { x: 'y' }, [{}]]; // prettier-ignore
  const places = documents.flatMap((document) =>
    listPaths(document).map((path) => [document, path] as const),
  );
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places),
      fc.constantFrom(...values),
      async ([document, path], value) => {
        const text = stringify(replaceValue(document, path, value));
        if (!(await isAccepted(text))) return;
        taken += 1;
        assert.equal(findRefusal(chooseDialect(text), text), '', text);
      },
    ),
    { numRuns: RUNS },
  );
  assert.ok(taken > RUNS / 25, `the loader took ${taken} of ${RUNS}`);
});
