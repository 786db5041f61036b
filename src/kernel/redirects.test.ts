import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedirectedCredentials } from './redirects.ts';

function follow(first: string, ...urls: string[]) {
  const credentials = new RedirectedCredentials(new URL(first));
  return {
    reached: urls.map((url) => credentials.reach(new URL(url))),
    told: credentials.describe(),
  };
}

test('credentials go to the same host by another scheme and port, and to hosts below it', () => {
  const urls = ['https://a.example/', 'http://a.example:8080/x', 'https://b.a.example/'];
  assert.deepEqual(follow('http://a.example/', ...urls), { reached: [true, true, true], told: '' });
});

test('credentials go to no other host, and to none after one', () => {
  for (const foreign of ['http://evil.example/', 'http://example/', 'http://xa.example/']) {
    const { reached, told } = follow(
      'http://a.example/',
      'http://a.example/1',
      foreign,
      'http://a.example/2',
    );
    assert.deepEqual(reached, [true, false, false]);
    assert.match(
      told,
      /withheld, since a redirect led to \S+, which is neither a\.example nor below/,
    );
  }
  assert.deepEqual(follow('http://10.0.0.1/', 'http://10.0.0.2/').reached, [false]);
});
