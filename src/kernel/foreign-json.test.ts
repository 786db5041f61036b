import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseForeignJson } from './foreign-json.ts';

test('JSON is parsed as ever', () => {
  assert.deepEqual(parseForeignJson('{"a": [1, "b"]}'), { a: [1, 'b'] });
});

for (const text of [
  'hush1',
  '{"hush1": \'hush2\'}',
  '["hush1" "hush2"]',
  '{"hush1": "hu\nsh2"}',
  'hush1: 2',
])
  test(`bug: the error for ${JSON.stringify(text)} quotes nothing`, () => {
    assert.throws(
      () => parseForeignJson(text),
      (error: Error) => {
        assert.match(error.message, /^it is not valid JSON.*\(\d+ characters in all\)$/);
        assert.doesNotMatch(error.message, /hu/);
        assert.equal(error.cause, undefined);
        return true;
      },
    );
  });

test('the error says where the fault is, where that is known', () => {
  assert.throws(() => parseForeignJson('["a" "b"]'), /at character 6 \(9 characters in all\)/);
});
