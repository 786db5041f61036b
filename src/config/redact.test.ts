import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactConfig } from './redact.ts';

test('values of headers are hidden in both dialects, their names are shown', async () => {
  const collector = await redactConfig(`
exporters:
  otlphttp/a: { headers: { Authorization: Bearer hush1, X-Key: hush2 } }
  otlphttp/b: { headers: [{ name: X-Other, value: hush3 }] }
extensions:
  headers_setter: { headers: [{ key: X-Set, action: upsert, value: hush4 }] }
  oauth2client: { endpoint_params: { audience: [hush5] } }
`);
  const prometheus = await redactConfig(`
scrape_configs:
  - http_headers: { X-Key: { values: [hush6], files: [key.txt] } }
`);
  assert.doesNotMatch(collector + prometheus, /hush/);
  for (const name of ['Authorization', 'X-Key', 'X-Other', 'X-Set', 'upsert', 'audience'])
    assert.ok(collector.includes(name), name);
  assert.match(prometheus, /X-Key.*key\.txt/);
});

test('a secret that is a number is hidden too', async () => {
  const text = 'exporters: { otlphttp: { headers: { X-Key: 12345 }, tls: { key_pem: 12346 } } }';
  assert.doesNotMatch(await redactConfig(text), /1234/);
});

test('the key of an action of a processor is the name of an attribute, and shown', async () => {
  const actions = 'actions: [{ key: zone, action: delete }]';
  assert.match(await redactConfig(`processors: { attributes: { ${actions} } }`), /key: zone/);
  const tls = 'remote_write: [{ url: http://a, tls_config: { key: hush } }]';
  assert.match(await redactConfig(tls), /key: <secret>/);
});

test('of URLs, passwords and the values of queries are hidden, whatever they hold', async () => {
  const show = async (url: string): Promise<string | undefined> => {
    const text = await redactConfig(`remote_write: [{ url: ${JSON.stringify(url)} }]`);
    return text.match(/url: "?(.*?)"? /)?.[1];
  };
  for (const [url, expected] of [
    ['http://host:80/a@b', 'http://host:80/a@b'],
    ['http://u:hush@host/', 'http://u:<secret>@host/'],
    ['http://u:hu@sh@host/a', 'http://u:<secret>@host/a'],
    ['https://u:hu/sh@host/a', 'https://u:<secret>@host/a'],
    ['https://hush@host/', 'https://<secret>@host/'],
    ['http://host/a?api_key=hush&b=hush', 'http://host/a?api_key=<secret>&b=<secret>'],
  ] as const)
    assert.equal(await show(url), expected);
});

test('comments, unknown keys and unknown components are not shown', async () => {
  const prometheus = await redactConfig(`
# password: hush1
x-secret: &pw hush2
global:
  external_labels: { shown: yes, twice: &also hush3 } # hush4
remote_write:
  - url: http://a
    basic_auth: { username: me, password: *pw, passwort: hush5 }
    bearer_token: *also
`);
  const collector = await redactConfig(`
exporters: { mine: { endpoint: hush6 }, debug: { verbosity: normal, more: [hush7] } }
receivers: { prometheus: { config: { scrape_configs: [{ job_name: app, params: hush8 }] } } }
`);
  assert.doesNotMatch(prometheus + collector, /hush/);
  assert.match(prometheus, /shown: yes[\s\S]*username: me/);
  assert.match(collector, /verbosity: normal[\s\S]*job_name: app/);
});

test('bug: a configuration of very many aliases is not walked', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]\n`);
  assert.equal(await redactConfig(`a0: &a0 x\n${lines.join('')}`), '<secret>\n');
});
