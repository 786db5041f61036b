/** What a deployment loses when its collectors come and go is said before it is deployed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { listLosses } from '../../src/deploy/losses.ts';
import { deploymentSchema } from '../../src/deploy/schema.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { MAIN } from '../kit/processes.ts';
import { SMALLEST } from './models.ts';

const WHY_SHARED = 'collectors that share the targets come and go';
const WHY_SPOT = "AWS ends tasks on Fargate Spot with two minutes' warning at most";

const INSTANCES = { cluster: { instances: {} } };

/** Models beside the smallest one: why something is lost, and what keeps it; null for nothing. */
const ROWS: readonly (readonly [object, readonly [string, string] | null])[] = [
  [{ collector: { count: 3 } }, [WHY_SHARED, 'queue: efs keeps it']],
  [{ collector: { count: 3, queue: 'ephemeral' } }, [WHY_SHARED, 'queue: efs keeps it']],
  [{ collector: { count: 3, queue: 'efs' } }, null],
  [{ collector: { spot: true } }, [WHY_SPOT, 'queue: efs keeps it']],
  [{ collector: { count: 3, spot: true } }, [WHY_SPOT, 'queue: efs keeps it']],
  [{ collector: { count: 3, spot: true, queue: 'efs' } }, null],
  [
    { ...INSTANCES, collector: { mode: 'daemon', launch: 'ec2' } },
    [WHY_SHARED, 'queue: host keeps it'],
  ],
  [{ ...INSTANCES, collector: { mode: 'daemon', launch: 'ec2', queue: 'host' } }, null],
];

test('several collectors, or one on Spot, lose with their disks what they have not sent', () => {
  for (const [model, expected] of ROWS) {
    const losses = listLosses(deploymentSchema.parse({ ...SMALLEST, ...model }));
    const of = JSON.stringify(model);
    assert.equal(losses.length, expected === null ? 0 : 1, of);
    for (const part of expected ?? []) assert.ok(losses[0]?.includes(part), `${of}: ${losses[0]}`);
  }
});

test('the time that is left after SIGTERM is that of the model', () => {
  const collector = { count: 2, stop_timeout: 90 };
  const [loss] = listLosses(deploymentSchema.parse({ ...SMALLEST, collector }));
  assert.match(loss ?? '', /what a task has not sent 90 s after SIGTERM, or when it is killed, is/);
});

test('generate warns of it on standard error, and writes the template all the same', (t) => {
  const folder = temporaryFolder(t);
  const generate = (collector: object): { stdout: string; stderr: string } => {
    const file = path.join(folder, 'deployment.yml');
    writeFileSync(file, JSON.stringify({ ...SMALLEST, collector }));
    const line = [MAIN, 'generate', 'cloudformation', file];
    const { status, stdout, stderr } = spawnSync(process.execPath, line, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return { stdout, stderr };
  };
  const lost = generate({ count: 3 });
  assert.match(lost.stderr, /^warning: .*deployment\.yml: collector\.queue: ephemeral, and /m);
  assert.match(lost.stdout, /AWSTemplateFormatVersion/);
  assert.doesNotMatch(generate({ count: 3, queue: 'efs' }).stderr, /warning/);
});
