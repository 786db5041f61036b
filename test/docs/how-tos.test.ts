/**
 * What a reader of the pages counts on: the how-to of each AWS article goes from an empty account
 * to the graph and back; each figure of the comparison says how and when it was made.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { listFences, ROOT } from '../kit/fences.ts';
import { listLines } from './shell-lines.ts';

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The how-to of each article, and by what it is deployed. */
const ARTICLES: Readonly<Record<string, RegExp>> = {
  'fargate-to-amp': /^aws cloudformation deploy /,
  'ec2-to-amp': /^amperage collect /,
  'exporter-sidecar': /^aws ecs register-task-definition /,
  'cloud-map': /^aws cloudformation deploy /,
  'deploy-collector': /^aws cloudformation deploy /,
};

for (const [name, deploys] of Object.entries(ARTICLES))
  test(`how-to/${name} deploys, leads to the graph, and cleans up, in this order`, () => {
    const page = `docs/how-to/${name}.md`;
    const text = read(page);
    const shells = listFences(page).filter(({ language }) => language === 'sh');
    const lines = shells.flatMap((fence) => listLines(fence.text));
    const deployed = lines.find((line) => deploys.test(line));
    assert.ok(deployed !== undefined, 'a line that deploys');
    const places = [
      text.indexOf(deployed),
      text.lastIndexOf('(grafana.md)'),
      text.search(/^(?:\d\. |## )Clean up\b/m),
    ];
    assert.ok(
      places.every((place) => place >= 0),
      'deploy, graph, clean-up',
    );
    assert.deepEqual(
      places.toSorted((a, b) => a - b),
      places,
    );
    // What CloudFormation keeps, since it holds data, is named with the call that ends it.
    const cleanUp = text.slice(places[2]);
    if (deployed.includes('cloudformation')) {
      assert.match(cleanUp, /aws cloudformation delete-stack --stack-name metrics\n/);
      assert.match(cleanUp, /`aws amp delete-workspace /);
    }
  });

test('each figure of docs/comparison.md has a script that measures it, and a day', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const page = read('docs/comparison.md');
  assert.match(page, /virtual machine of two cores/);
  const rows = [...page.matchAll(/^\| (?!\| |-)(.*) \|$/gm)].map(([, row = '']) =>
    row.split(' | '),
  );
  const figures = rows.filter((cells) => cells.length > 3);
  assert.ok(figures.length > 5);
  for (const cells of figures) {
    const [what = ''] = cells;
    const [by = '', on = ''] = cells.slice(-2);
    const script = /`npm run ([\w:]+)/.exec(by)?.[1] ?? '';
    assert.ok(Object.hasOwn(scripts, script), `${what}: npm run ${script}`);
    assert.match(on, /^2\d{3}-\d\d-\d\d$/, what);
  }
});
