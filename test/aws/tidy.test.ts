/**
 * Checks that every client of the official SDK is made with time limits and with a source of
 * renewable credentials.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../../src');

/** Files of src with their text, without tests. */
function readSources(): [file: string, text: string][] {
  return globSync('**/*.ts', { cwd: ROOT })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]);
}

/** The arguments of each client that is made, with the values of the variables that they name. */
function listClientArguments(text: string): string[] {
  return [...text.matchAll(/new [\w.]*?\w+Client\(([^;]*)\)/g)].map(([, given = '']) => {
    const declared = /^\w+$/.test(given)
      ? new RegExp(`const ${given} = ([^;]*);`).exec(text)?.[1]
      : undefined;
    return declared ?? given;
  });
}

test('every client of the SDK is made with our options', () => {
  const made = readSources()
    .filter(([, text]) => text.includes("'@aws-sdk/client-"))
    .flatMap(([file, text]) => listClientArguments(text).map((given) => [file, given] as const));
  assert.ok(made.length >= 9, `only ${made.length} clients were found`);
  for (const [file, given] of made)
    assert.match(given, /\bclientOptions\(/, `${file}: new …Client(${given})`);
});

test('only src/aws asks the SDK for credentials', () => {
  const asking = readSources()
    .filter(([, text]) => text.includes("'@aws-sdk/credential-provider"))
    .map(([file]) => file.replaceAll(path.sep, '/'));
  assert.deepEqual(asking, ['aws/sdk-credentials.ts']);
});

test('each process makes one budget of AWS calls, in src/commands', () => {
  const made = readSources().filter(([, text]) => text.includes('new CallLimits('));
  assert.deepEqual(
    made.map(([file]) => file.split(path.sep)[0]).filter((one) => one !== 'commands'),
    [],
  );
});
