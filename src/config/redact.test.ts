import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactConfig } from './redact.ts';

test('values of headers are hidden in both dialects, their names are shown', () => {
  const shown = redactConfig(`
exporters:
  a: { headers: { Authorization: Bearer hush1, X-Key: hush2 } }
  b: { headers: [{ name: X-Key, value: hush3 }] }
extensions:
  headers_setter: { headers: [{ key: X-Key, action: upsert, value: hush4 }] }
  oauth2client: { endpoint_params: { audience: [hush5] } }
scrape_configs:
  - http_headers: { X-Key: { values: [hush6], files: [key.txt] } }
`);
  assert.doesNotMatch(shown, /hush/);
  for (const name of ['Authorization', 'X-Key', 'upsert', 'audience', 'key.txt'])
    assert.ok(shown.includes(name), name);
});

test('a secret that is a number is hidden too', () => {
  const text = 'exporters: { a: { headers: { X-Key: 12345 }, password: 12346 } }';
  assert.doesNotMatch(redactConfig(text), /1234/);
});

test('the key of an action of a processor is the name of an attribute, and shown', () => {
  const actions = 'actions: [{ key: zone, action: delete }]';
  assert.match(redactConfig(`processors: { attributes: { ${actions} } }`), /key: zone/);
  assert.match(redactConfig('a: { tls_config: { key: hush } }'), /key: <secret>/);
});
