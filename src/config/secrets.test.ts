/**
 * Walks every field that a schema marks as a secret, in both dialects and in the web configuration,
 * and plants a secret there in every spelling of YAML: it is neither in the shown configuration nor
 * in any finding, error or line of the log.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Document, isScalar, visit } from 'yaml';
import {
  collectorSecrets,
  type FieldPath,
  prometheusSecrets,
  webSecrets,
} from '../../test/kit/secret-fields.ts';
import { checkConfigText } from './load.ts';
import { redactConfig } from './redact.ts';
import { describeError } from '../kernel/errors.ts';
import { loadWebConfig } from '../settings/web-config.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { createWorld } from '../../test/kit/world.ts';

test('the schemas mark what must be hidden', () => {
  const ends = new Set([...prometheusSecrets, ...collectorSecrets].map((path) => path.join('.')));
  for (const known of [
    'remote_write.0.basic_auth.password',
    'remote_write.0.headers.X-Any',
    'remote_write.0.sigv4.secret_key',
    'scrape_configs.0.proxy_connect_header.X-Any.0',
    'scrape_configs.0.http_headers.X-Any.values.0',
    'scrape_configs.0.oauth2.endpoint_params.X-Any',
    'scrape_configs.0.tls_config.key',
    'scrape_configs.0.http_sd_configs.0.authorization.credentials',
    'receivers.prometheus/x.config.scrape_configs.0.bearer_token',
    'exporters.prometheusremotewrite/x.headers.X-Any',
    'exporters.prometheusremotewrite/x.tls.key_pem',
    'extensions.bearertokenauth/x.token',
    'extensions.headers_setter/x.headers.0.value',
  ])
    assert.ok(ends.has(known), known);
  assert.ok(ends.size > 100, String(ends.size));
  const web = webSecrets.map((path) => path.join('.'));
  assert.deepEqual(web.toSorted(), ['basic_auth_users.X-Any', 'tls_server_config.key']);
});

const PLANTED = '@planted@';

function build(path: FieldPath): unknown {
  return path.reduceRight<unknown>(
    (inner, step) => (step === 0 ? [inner] : { [step]: inner }),
    PLANTED,
  );
}

/** The document with each spelling of a secret at a path. */
function spell(path: FieldPath): readonly (readonly [text: string, secret: string])[] {
  const flow = JSON.stringify(build(path));
  const inner = flow.slice(1);
  const write = (value: string, before = ''): string =>
    `{${before}${inner.replace(`"${PLANTED}"`, () => value)}`;
  const block = new Document(build(path));
  visit(block, {
    Scalar: (key, node) => {
      if (key === 'key' || node.value !== PLANTED || !isScalar(node)) return;
      node.value = 'first hush-77\nhush-78\n';
      node.type = 'BLOCK_LITERAL';
    },
  });
  return [
    [write('hush-71'), 'hush-7'],
    [write('"hush-72"'), 'hush-7'],
    [write("'hush-73'"), 'hush-7'],
    [write('!!str hush-74'), 'hush-7'],
    [write('98765433'), '9876543'],
    [write('*pw', '"x-defs": &pw hush-75, '), 'hush-7'],
    [write('[&a hush-76, *a]'), 'hush-7'],
    [write('{ a: hush-79 }'), 'hush-7'],
    [block.toString(), 'hush-7'],
  ];
}

for (const [dialect, paths] of [
  ['Prometheus', prometheusSecrets],
  ['the Collector', collectorSecrets],
] as const)
  test(`no secret of ${dialect} is shown or told, whatever its spelling`, async () => {
    for (const path of paths)
      for (const [text, secret] of spell(path)) {
        assert.ok(!(await redactConfig(text)).includes(secret), text);
        for (const allowPartial of [false, true]) {
          const { findings } = await checkConfigText(text, 'config.yml', { allowPartial });
          assert.ok(!JSON.stringify(findings).includes(secret), JSON.stringify([text, findings]));
        }
      }
  });

/** The same too with a fault of YAML right behind it, which the library quotes. */
function withFault([text, secret]: readonly [string, string]): (readonly [string, string])[] {
  return [
    [text, secret],
    [`${text} ]`, secret],
  ];
}

test('no secret of a web configuration is told, at the start or when the file has changed', async (t) => {
  const file = path.join(temporaryFolder(t), 'web.yml');
  const good = 'basic_auth_users: {}\n';
  for (const field of webSecrets)
    for (const [text, secret] of spell(field).flatMap(withFault)) {
      const { log, lines } = createWorld();
      writeFileSync(file, text);
      const told = await loadWebConfig(file, log).then(() => '', describeError);
      assert.notEqual(told, '', text);
      writeFileSync(file, good);
      const web = await loadWebConfig(file, log);
      writeFileSync(file, `# other\n${text}`);
      await web.isAllowed({});
      // Without TLS at the start, that of a changed file is not read.
      if (field[0] === 'basic_auth_users') assert.equal(lines.length, 1, text);
      assert.ok(!`${told}${lines.join('')}`.includes(secret), `${told}\n${lines.join('')}`);
    }
});
