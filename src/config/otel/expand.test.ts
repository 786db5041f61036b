import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { expandReferences } from './expand.ts';

async function run(
  value: unknown,
  env: Record<string, string> = {},
  readRemote?: (uri: string) => Promise<string>,
) {
  const told: string[] = [];
  const tell = (path: readonly unknown[], message: string) =>
    void told.push(`${path.join('.')}: ${message}`);
  const expanded = await expandReferences(value, {
    env,
    texts: [],
    readRemote,
    report: {
      error: (path, _code, message) => tell(path, message),
      warn: tell,
      lacks: tell,
      positionOf: () => '',
    },
  });
  return { ...expanded, told };
}

const ENV = {
  A: 'a', N: '15', ZIP: '00123', ON: 'true', YES: 'yes', LIST: '[1, x]', MAP: 'a: 1\nb: ${A}', EMPTY: '',
  HASH: '#secret', INNER: 'A', DOLLARS: 'p$$q', NEST: '<${A}>', KEYED: 'k: v',
}; // prettier-ignore

for (const [written, expected] of [
  ['${env:A}', 'a'],
  ['${A}/${env:N}', 'a/15'],
  ['${N}', 15],
  ['${ZIP}', '00123'],
  ['${ON}', true],
  ['${YES}', 'yes'],
  ['${LIST}', [1, 'x']],
  ['${MAP}', { a: 1, b: 'a' }],
  ['${EMPTY}', ''],
  ['${NOT:-}', ''],
  ['${env:NOT:-5}', 5],
  ['${env:NOT:-a:-b}', 'a:-b'],
  ['${HASH}', '#secret'],
  ['${env:${INNER}}', 'a'],
  ['${env:NOT:-${A}}', 'a'],
  ['${NEST}', '<a>'],
  ['${DOLLARS}', 'p$q'],
  ['$${A}', '${A}'],
  ['$$${A}', '$a'],
  ['$$A b', '$A b'],
  ['$$1', '$1'],
  ['${yaml:{x: [1]}}', '{x: [1]}'],
  ['${yaml:[1, 2]}', [1, 2]],
  ['cost 5$', 'cost 5$'],
  ['^(.*)$', '^(.*)$'],
] as const)
  test(`${written} of the Collector's dialect is ${JSON.stringify(expected)}`, async () => {
    const { value, told } = await run({ at: written }, ENV);
    assert.deepEqual([value, told], [{ at: expected }, []]);
  });

test('a secret stays text whatever YAML would make of it', async () => {
  const { value } = await run({ password: '${KEYED}', token: '${N}', other: '${KEYED}' }, ENV);
  assert.deepEqual(value, { password: 'k: v', token: '15', other: { k: 'v' } });
});

test('an unset variable, an invalid name and an unknown scheme are errors with ' +
  'their remedy', async () => {
  const { value, told } = await run(
    { a: '${env:NOT}', b: '${NOT}', c: '${1}', d: '${https://x/y}', e: '${vault:x}', f: '${s3:b/k}' },
    {},
  );
  assert.deepEqual(told, [
    'a: the environment has no NOT; set it, or write ${env:NOT:-default}',
    'c: environment variable "1" has an invalid name; for the text itself, write $${1}',
    'd: ${https:…} is not read, since whoever answers could change any part; name ' +
      'the URL as a source of its own, sources are merged',
    'e: "vault:x" is no reference; write env:, file:, yaml: or s3: before it',
    "f: ${s3:b/k} can't be read here; use a file, or the environment",
  ]);
  assert.equal((value as { a: unknown }).a, undefined);
}); // prettier-ignore

test('$NAME that is left over is an error where it can not be meant', async () => {
  const { told } = await run({
    exporters: { x: { endpoint: 'https://$HOST/x', region: '$REGION', password: 'a$BCD', token: '$TOKEN' } },
    receivers: {
      prometheus: {
        config: {
          global: { external_labels: { zone: '$ZONE' } },
          scrape_configs: [{ relabel_configs: [{ replacement: '$NAME', regex: '$NAME' }] }],
        },
      },
    },
    processors: { transform: { statements: ['replace("$NAME")'] } },
    more: '$$ESCAPED',
  });
  assert.deepEqual(told, [
    'exporters.x.endpoint: $HOST is not expanded; write ${env:HOST}, or $$HOST for the text itself',
    'exporters.x.region: $REGION is not expanded; write ${env:REGION}, or $$REGION ' +
      'for the text itself',
    'exporters.x.token: $TOKEN is not expanded; write ${env:TOKEN}, or $$TOKEN for the text itself',
  ]);
}); // prettier-ignore

test('a file is read as YAML, or as its text without the line break at its end', async (context) => {
  const folder = temporaryFolder(context);
  const file = join(folder, 'part.yml');
  await writeFile(file, 'scrape_configs:\n  - job_name: ${A}\n');
  await writeFile(join(folder, 'token'), 'abc\n');
  const { value, told } = await run(
    { config: `\${file:${file}}`, header: `Bearer \${file:${folder}/token}`, no: `\${file:${folder}/no}` },
    ENV,
  );
  assert.deepEqual(value, {
    config: { scrape_configs: [{ job_name: 'a' }] },
    header: 'Bearer abc',
    no: undefined,
  });
  assert.match(told.join(), /^no: file ".*no" can't be read: .*ENOENT/);
}); // prettier-ignore

test('an object of S3 is asked of the reader, whose fault is told at the reference', async () => {
  const asked: string[] = [];
  const read = (uri: string) => {
    asked.push(uri);
    return uri.endsWith('good') ? Promise.resolve('x: 1') : Promise.reject(new Error('no bucket'));
  };
  const { value, told } = await run({ a: '${s3://b/good}', b: '${s3://b/bad}' }, {}, read);
  assert.deepEqual(value, { a: { x: 1 }, b: undefined });
  assert.deepEqual(asked, ['s3://b/good', 's3://b/bad']);
  assert.deepEqual(told, ['b: "s3://b/bad" can\'t be read: no bucket']);
});

test('references that lead in a circle end with an error', async (context) => {
  const file = join(temporaryFolder(context), 'self.yml');
  await writeFile(file, `again: ['\${file:${file}}', '\${file:${file}}']\n`);
  const circle = { X: '${Y}', Y: '${X}', TWICE: '${TWICE}${TWICE}' };
  const { told } = await run({ a: '${X}', b: `\${file:${file}}`, c: '${TWICE}' }, circle);
  assert.match(
    told.join('\n'),
    /^a: the references lead to more and more references; end the circle/,
  );
});

test('a finding names the reference in place of the text that it stands for', async () => {
  const { report, told } = await run({ timeout: '${env:SECRET}', a: '${env:S2}' }, { SECRET: 'hunt"er2', S2: 'no' });
  report.error(['timeout'], 'CONFIG_VALUE', `${JSON.stringify('hunt"er2')} is no duration, hunt"er2`);
  assert.deepEqual(told, ['timeout: "${env:SECRET}" is no duration, ${env:SECRET}']);
}); // prettier-ignore
