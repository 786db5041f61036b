import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUrlFault, httpUrlSchema, withoutSecrets } from './url.ts';

test('a URL of HTTP names a host; one that does not is refused, and shown without secrets', () => {
  for (const text of ['http://x', 'HTTPS://x:1/y?z', 'http://u:p@x/', 'http://[::1]:80/'])
    assert.equal(findUrlFault('url', text), undefined, text);
  const refused: [text: string, shown: string][] = [
    ['', ''],
    ['x:9090', 'x:9090'],
    ['ftp://x', 'ftp://x'],
    ['http:///x', 'http:///x'],
    ['http://', 'http://'],
    ['http://x:99999/y', 'http://x:99999/y'],
    ['ftp://u:hush@x', 'ftp://x'],
    ['u:hush@x', 'x'],
    ['http://u:hu@sh@x:99999/y', 'http://x:99999/y'],
    ['http://u:hu/sh@x:99999', 'http://x:99999'],
    ['http://u:hush:80', 'http://u:…'],
    ['ftp://x/y?token=hush', 'ftp://x/y?…'],
  ];
  for (const [text, shown] of refused) {
    const sentence = `url "${shown}" must begin with http:// or https:// and name a host`;
    assert.equal(findUrlFault('url', text), sentence);
    assert.equal(httpUrlSchema('url').safeParse(text).error?.issues[0]?.message, sentence);
  }
});

test('what is shown of a good URL is its scheme, host and path', () => {
  assert.equal(withoutSecrets('http://u:p@x:1/y?z'), 'http://x:1/y?…');
  assert.equal(withoutSecrets('http://[::1]:1/y'), 'http://[::1]:1/y');
});
