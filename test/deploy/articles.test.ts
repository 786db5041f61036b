/** docs/articles.md: each call of the articles' scripts, and the resource that stands for it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { renderCommands } from '../../src/deploy/commands/render.ts';
import { describeDeployment } from '../../src/deploy/describe.ts';
import { deploymentSchema } from '../../src/deploy/schema.ts';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/articles.md'), 'utf8');
const rows = [...page.matchAll(/^\| `([a-z0-9]+ [a-z-]+)` \| (.+) \|$/gm)].map(
  ([, call = '', standsFor = '']) => ({ call, standsFor }),
);

test('each call of the scripts has its row', { skip: skipWithoutConformance }, () => {
  const folder = conformancePath('articles');
  const files = globSync('*/*.sh', { cwd: folder });
  assert.equal(files.length, 19);
  const calls = new Set<string>();
  for (const file of files) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const [, call = ''] of text.matchAll(/\baws ([a-z0-9]+ [a-z-]+)/g)) calls.add(call);
  }
  assert.deepEqual(
    rows.map(({ call }) => call),
    [...calls].sort(),
  );
});

test('what stands for a call is in the deployment, and makes that call', () => {
  const model = /```yaml\n([^`]+)```/.exec(page)?.[1] ?? '';
  const deployment = deploymentSchema.parse(parse(model));
  const template = describeDeployment(deployment, (file) => `text of ${file}`);
  const ids = new Set(template.resources.map(({ id }) => id));
  const script = renderCommands(template).get('resources.sh') ?? '';
  assert.ok(rows.length > 0);
  for (const { call, standsFor } of rows) {
    const named = [...standsFor.matchAll(/`([A-Z][A-Za-z0-9]+)`/g)].map(([, id = '']) => id);
    assert.ok(named.length > 0, `${call} names a resource`);
    for (const id of named) assert.ok(ids.has(id), `${call}: there is no ${id}`);
    if (standsFor.startsWith('not needed') || REPLACED.has(call)) continue;
    for (const id of named) {
      const start = script.indexOf(`values_${id}=`);
      const own = script.slice(start, script.indexOf('\n\n', start));
      assert.ok(own.includes(call), `${id} has no call ${call}`);
    }
  }
});

/** Calls for which another one of the resource stands. */
const REPLACED = new Set([
  'iam create-policy', 'iam delete-policy', 'servicediscovery get-service',
]); // prettier-ignore
