/**
 * Templates of the matrix of models as they were last looked at: a line for each resource. After a
 * change that is meant, `AMPERAGE_SNAPSHOTS=write node --test test/deploy/snapshots.test.ts`
 * writes them anew. cfn-lint judges each where it is there.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { renderCloudFormation } from '../../src/deploy/cloudformation/render.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { describeModel, MODELS } from './models.ts';

const FOLDER = path.join(import.meta.dirname, 'snapshots');
const isWriting = process.env['AMPERAGE_SNAPSHOTS'] === 'write';
const hasLint = spawnSync('cfn-lint', ['--version'], { stdio: 'ignore' }).status === 0;

for (const [name, more] of Object.entries(MODELS))
  test(`${name}: the template is as it was`, () => {
    const { Resources = {}, Outputs = {} } = renderCloudFormation(describeModel(more));
    const lines = [...Object.entries(Resources), ...Object.entries(Outputs)].map(
      ([id, body]) => `${id} ${JSON.stringify(body)}\n`,
    );
    const file = path.join(FOLDER, `${name.replaceAll(/\W+/g, '-')}.txt`);
    if (isWriting) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, lines.join(''));
    }
    assert.deepEqual(lines.join('').split('\n'), readFileSync(file, 'utf8').split('\n'));
  });

test(
  'cfn-lint has nothing to say',
  { skip: hasLint ? false : 'cfn-lint is not there' },
  (context) => {
    const folder = temporaryFolder(context);
    const files = Object.values(MODELS).map((more, i) => {
      const file = path.join(folder, `${i}.json`);
      writeFileSync(file, JSON.stringify(renderCloudFormation(describeModel(more)), null, 1));
      return file;
    });
    const { stdout, status } = spawnSync('cfn-lint', files, { encoding: 'utf8' });
    assert.deepEqual([stdout, status], ['', 0]);
  },
);
