import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../test/kit/folder.ts';
import { HttpServer } from '../../../kernel/http-server.ts';
import { silentLogger } from '../../../kernel/logger.ts';
import { formatFinding } from '../../../settings/finding.ts';
import type { RemoteWriteConfig } from '../../../sinks/remote-write/config.ts';
import { checkConfigText } from '../../load.ts';
import type { CollectorPlan } from '../../plan.ts';
import { extensionKinds } from './extensions.ts';

/** Two exporters, of which the first names an authenticator where one is given. */
function withExtensions(extensions: Readonly<Record<string, unknown>>, more: { auth?: string; files?: string[]; headers?: object } = {}): string {
  const { auth, files, headers } = more;
  const discovery = files === undefined ? {} : { file_sd_configs: [{ files }] };
  return JSON.stringify({
    receivers: { prometheus: { config: { scrape_configs: [{ job_name: 'a', ...discovery }] } } },
    exporters: { prometheusremotewrite: { endpoint: 'https://one.example/w', headers, auth: auth && { authenticator: auth } } },
    extensions,
    service: {
      extensions: Object.keys(extensions),
      pipelines: { metrics: { receivers: ['prometheus'], exporters: ['prometheusremotewrite'] } },
    },
  }, undefined, 1);
} // prettier-ignore

async function check(text: string, env: Record<string, string> = {}) {
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env });
  return { plan, lines: findings.map((one) => formatFinding(one).replace('/nowhere/', '')) };
}

async function planOf(text: string): Promise<CollectorPlan> {
  const { plan, lines } = await check(text);
  assert.ok(plan, lines.join('\n'));
  return plan;
}

async function settingsOf(text: string): Promise<RemoteWriteConfig> {
  return (await planOf(text)).sinks[0]?.settings as RemoteWriteConfig;
}

test('the least configuration of each kind is valid, under each of its names', async () => {
  for (const { names, minimal = {} } of extensionKinds)
    for (const name of names) {
      const { plan, lines } = await check(withExtensions({ [name]: minimal }));
      assert.ok(plan, `${name}: ${lines.join('\n')}`);
    }
});

test('an unknown key of each kind is an error, also where nothing uses the extension', async () => {
  for (const { names, minimal = {} } of extensionKinds) {
    const { lines } = await check(withExtensions({ [names[0]]: { ...minimal, nonsense: 1 } }));
    assert.match(lines.join('\n'), /unknown key "nonsense" in extensions\./, names[0]);
  }
});

test('sigv4auth has a region for STS, a session and a token of its own', async (context) => {
  const folder = temporaryFolder(context);
  await writeFile(join(folder, 'token'), 't');
  const role = { arn: 'arn:r', sts_region: 'eu-west-1', session_name: 's' };
  const one = await settingsOf(
    withExtensions({ 'sigv4auth/x': { region: 'us-east-1', assume_role: role } }, { auth: 'sigv4auth/x' }),
  );
  const { region, stsRegion, sessionName } = one.sigv4 ?? { region: '' };
  assert.deepEqual([region, stsRegion, sessionName], ['us-east-1', 'eu-west-1', 's']);
  const file = join(folder, 'token');
  const other = await settingsOf(
    withExtensions(
      { sigv4auth: { region: 'r', assume_role: { arn: 'a', web_identity_token_file: file } } },
      { auth: 'sigv4auth' },
    ),
  );
  assert.equal(other.sigv4?.webIdentityTokenFile, file);
}); // prettier-ignore

test('bearertokenauth sends the first of several tokens, and in another header', async () => {
  const first = await settingsOf(
    withExtensions({ bearertokenauth: { tokens: ['a', 'b'] } }, { auth: 'bearertokenauth' }),
  );
  assert.equal(await first.authorization?.credentials(), 'a');
  const other = await settingsOf(
    withExtensions(
      { bearertokenauth: { token: 'a', scheme: '', header: 'X-Key' } },
      { auth: 'bearertokenauth', headers: { 'x-key': 'old' } },
    ),
  );
  assert.deepEqual(other.headers, { 'X-Key': 'a' });
});

test('headers_setter changes the headers of the exporter in order, and adds an authenticator', async () => {
  const headers = [
    { key: 'A', value: 'new', action: 'insert' },
    { key: 'B', value: 'new', action: 'insert' },
    { key: 'a', value: 'updated', action: 'update' },
    { key: 'C', value: 'none', action: 'update' },
    { key: 'D', action: 'delete' },
    { key: 'E', value: 'e' },
  ];
  const { headers: sent, authorization } = await settingsOf(
    withExtensions(
      { headers_setter: { headers, additional_auth: 'bearertokenauth' }, bearertokenauth: { token: 't' } },
      { auth: 'headers_setter', headers: { A: 'old', D: 'd' } },
    ),
  );
  assert.deepEqual(sent, { a: 'updated', B: 'new', E: 'e' });
  assert.equal(await authorization?.credentials(), 't');
  const written = await settingsOf(
    withExtensions(
      { headers_setter: { headers: [{ key: 'Authorization', value: 'Key abc' }] } },
      { auth: 'headers_setter' },
    ),
  );
  assert.equal(written.authorization?.type, 'Key');
  assert.equal(await written.authorization.credentials(), 'abc');
}); // prettier-ignore

test('oauth2client asks for a token with its scopes and parameters, and renews it before its end', async (context) => {
  const forms: URLSearchParams[] = [];
  const server = new HttpServer({
    name: 'tokens',
    listen: '127.0.0.1:0',
    log: silentLogger,
    routes: [
      {
        method: 'POST',
        path: '/token',
        async handle(request) {
          forms.push(new URLSearchParams((await request.body()).toString()));
          return { status: 200, body: JSON.stringify({ access_token: `t${forms.length}`, expires_in: 60 }) };
        },
      },
    ],
  });
  await server.start();
  context.after(() => server.stop(0));
  const oauth2client = {
    client_id: 'i',
    client_secret: 's',
    token_url: `${server.url}/token`,
    scopes: ['a', 'b'],
    endpoint_params: { audience: ['x'] },
  };
  const tokens = async (input: object): Promise<unknown[]> => {
    const { authorization } = await settingsOf(withExtensions({ oauth2client: input }, { auth: 'oauth2client' }));
    return [await authorization?.credentials(), await authorization?.credentials()];
  };
  assert.deepEqual(await tokens(oauth2client), ['t1', 't1']);
  assert.deepEqual([...(forms[0] ?? [])], [['grant_type', 'client_credentials'], ['audience', 'x'], ['scope', 'a b']]);
  assert.deepEqual(await tokens({ ...oauth2client, expiry_buffer: '5m', timeout: '1s' }), ['t2', 't3']);
}); // prettier-ignore

test('health_check listens no wider than its endpoint says, with TLS and texts of its own', async () => {
  const listens = async (input: object) => (await planOf(withExtensions({ health_check: input }))).servers[0];
  assert.equal((await listens({}))?.listen, '127.0.0.1:13133');
  assert.equal((await listens({ endpoint: ':13134' }))?.listen, '0.0.0.0:13134');
  assert.equal((await listens({ endpoint: '[::1]:1' }))?.listen, '[::1]:1');
  const whole = await listens({ path: '/health', response_body: { healthy: 'yes' }, response_headers: { a: 'b' }, tls: { cert_file: 'c.pem', key_file: '/k.pem' } });
  assert.deepEqual(whole?.content, { is: 'health', path: '/health', texts: { healthy: 'yes', unhealthy: '' } });
  assert.deepEqual([whole.headers, whole.tls?.cert_file, whole.tls?.key_file], [{ a: 'b' }, '/nowhere/c.pem', '/k.pem']);
}); // prettier-ignore

test('what a listener is asked for and does not do is an error or a warning at its key', async () => {
  const cases: [extension: object, message: RegExp][] = [
    [{ health_check: { endpoint: '' } }, /"endpoint" is empty/],
    [{ health_check: { endpoint: 'nowhere' } }, /"nowhere" is not host:port/],
    [{ health_check: { path: 'x' } }, /path "x" must start with \//],
    [{ health_check: { auth: { authenticator: 'x' } } }, /"auth": requests are not authenticated/],
    [{ health_check: { cors: { allowed_origins: ['*'] } } }, /"cors": answers carry no CORS/],
    [{ health_check: { http: { endpoint: 'a:1' } } }, /"http" of health_check/],
    [{ healthcheckv2: { use_v2: true } }, /"use_v2" of healthcheckv2/],
    [{ health_check: { tls: { cert_file: 'a' } } }, /needs a "cert_file" and a "key_file"/],
    [{ health_check: { transport: 'unix' } }, /only tcp is listened on/],
    [{ pprof: { save_to_file: 'x' } }, /"save_to_file" of pprof/],
    [{ health_check: {}, 'health_check/2': {} }, /health_check\/2 listens on 127.0.0.1:13133, as health_check does/],
  ];
  for (const [extension, message] of cases) {
    const { plan, lines } = await check(withExtensions(extension as Record<string, unknown>));
    assert.equal(plan, undefined, String(message));
    assert.match(lines.join('\n'), message);
  }
  const warned = await check(withExtensions({ health_check: { check_collector_pipeline: { enabled: true }, read_timeout: '1s' } }));
  assert.ok(warned.plan);
  for (const key of ['check_collector_pipeline', 'read_timeout'])
    assert.match(warned.lines.join('\n'), new RegExp(`${key} has no effect`));
}); // prettier-ignore

test('jobs that name the file of ecs_observer take its targets, and keep their other files', async () => {
  const rules = {
    cluster_name: 'c',
    cluster_region: 'us-east-1',
    result_file: '/etc/targets.yaml',
    refresh_interval: '15s',
    services: [{ name_pattern: '^web', metrics_ports: [9404], job_name: 'web' }, { name_pattern: 'x' }],
  };
  const plan = await planOf(
    withExtensions({ ecs_observer: rules }, { files: ['/etc/targets.yaml', '/etc/others/*.json'] }),
  );
  const [files, observed] = plan.sources[0]?.discovery.entries ?? [];
  assert.ok(files?.key === 'file_sd_configs' && observed?.key === 'amperage_ecs_sd_configs');
  assert.deepEqual(files.config.files, ['/etc/others/*.json']);
  const { config } = observed;
  assert.deepEqual(
    [config.clusters, config.region, config.labels, config.refresh_interval, config.job_label_name],
    [['c'], 'us-east-1', 'ecsobserver', 15_000, 'prometheus_job'],
  );
  assert.deepEqual(config.services, [
    { name_pattern: '^web', metrics_ports: [9404], job_name: 'web' },
    { name_pattern: 'x', metrics_ports: [] },
  ]);
  assert.deepEqual(config.docker_labels, [{ port_label: 'ECS_PROMETHEUS_EXPORTER_PORT' }]);
}); // prettier-ignore

test('an ecs_observer whose file no job names, and rules that the Collector refuses, are told', async () => {
  const unread = await check(withExtensions({ ecs_observer: {} }));
  assert.deepEqual(unread.lines, [
    'c.yml:19:3: extension "ecs_observer" finds targets for no job: none names ' +
      '"/etc/ecs_sd_targets.yaml" in its file_sd_configs, and no file is written [CONFIG_NOTE]',
  ]);
  const cases: [object, RegExp][] = [
    [{ cluster_name: '' }, /needs a "cluster_name"/],
    [{ docker_labels: [] }, /no rule: give services/],
    [{ docker_labels: [{ job_name: 'a' }] }, /needs a "port_label"/],
    [{ docker_labels: [{ port_label: 'a', metrics_ports: [1] }] }, /metrics_ports goes with services/],
    [{ services: [{ name_pattern: '' }] }, /name_pattern is empty/],
    [{ services: [{ name_pattern: '(' }] }, /extensions\.ecs_observer\.services/],
    [{ task_definitions: [{ arn_pattern: 'a', metrics_ports: [1, 1] }] }, /metrics_ports names 1 twice/],
  ];
  for (const [input, message] of cases) {
    const { plan, lines } = await check(withExtensions({ ecs_observer: input }));
    assert.equal(plan, undefined, String(message));
    assert.match(lines.join('\n'), message);
  }
}); // prettier-ignore

test('file_storage is the queue on disk, which a warning says', async () => {
  const { plan, lines } = await check(withExtensions({ file_storage: { directory: '/d', compaction: { on_start: true } } }));
  assert.ok(plan);
  assert.match(lines[0] ?? '', /--storage\.path names its folder in place of "\/d"/);
  const wrong = await check(withExtensions({ file_storage: { max_size: 1, compaction: { on_rebound: true, rebound_needed_threshold_mib: 100 } } }));
  assert.match(wrong.lines[0] ?? '', /rebound_needed_threshold_mib is more than max_size/);
}); // prettier-ignore
