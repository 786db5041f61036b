/**
 * That no client of the official SDK is made without time limits and a source of credentials that
 * can be renewed.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../../src');

/** Files with their text, tests left out. */
function sources(): [file: string, text: string][] {
  return globSync('**/*.ts', { cwd: ROOT })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]);
}

/**
 * What stands between the parentheses of each client that is made, and of each variable that it
 * names.
 */
function argumentsOfClients(text: string): string[] {
  return [...text.matchAll(/new [\w.]*?\w+Client\(([^;]*)\)/g)].map(([, given = '']) => {
    const declared = /^\w+$/.test(given)
      ? new RegExp(`const ${given} = ([^;]*);`).exec(text)?.[1]
      : undefined;
    return declared ?? given;
  });
}

test('every client of the SDK is made with our options', () => {
  const made = sources()
    .filter(([, text]) => text.includes("'@aws-sdk/client-"))
    .flatMap(([file, text]) => argumentsOfClients(text).map((given) => [file, given] as const));
  assert.ok(made.length >= 9, `only ${made.length} clients were found`);
  for (const [file, given] of made)
    assert.match(given, /\bclientOptions\(/, `${file}: new …Client(${given})`);
});

test('nobody but src/aws asks for credentials by the SDK', () => {
  const asking = sources()
    .filter(([, text]) => text.includes("'@aws-sdk/credential-provider"))
    .map(([file]) => file.replaceAll(path.sep, '/'));
  assert.deepEqual(asking, ['aws/sdk-credentials.ts']);
});

test('budgets of AWS calls are made where a process is put together, one each', () => {
  const made = sources().filter(([, text]) => text.includes('new CallLimits('));
  assert.deepEqual(
    made.map(([file]) => file.split(path.sep)[0]).filter((one) => one !== 'commands'),
    [],
  );
});
