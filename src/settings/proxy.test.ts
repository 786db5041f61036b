/** A proxy of the environment is checked where a client of the configuration uses it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentReporter } from './finding.ts';
import { resolveProxy } from './proxy.ts';

test('a variable that names no proxy is refused at the start, by its name, where it is used', (t) => {
  const before = process.env['HTTPS_PROXY'];
  t.after(() => {
    if (before === undefined) delete process.env['HTTPS_PROXY'];
    else process.env['HTTPS_PROXY'] = before;
  });
  const check = (value: string, fromEnvironment: boolean): string[] => {
    process.env['HTTPS_PROXY'] = value;
    const lines: string[] = [];
    const report = {
      ...silentReporter,
      error: (path: readonly (string | number)[], _code: string, message: string): void =>
        void lines.push(`${path.join('.')}: ${message}`),
    };
    const context = { path: ['x'], baseDirectory: '/', report };
    resolveProxy({ proxy_from_environment: fromEnvironment }, context);
    return lines;
  };
  assert.match(
    check('ftp://u:hush@p', true).join(),
    /^x\.proxy_from_environment: HTTPS_PROXY names a proxy of the scheme "ftp"(?!.*hush)/,
  );
  assert.deepEqual(check('ftp://u:hush@p', false), []);
  assert.deepEqual(check('proxy.corp:3128', true), []);
});
