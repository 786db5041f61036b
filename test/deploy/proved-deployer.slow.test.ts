/**
 * The policy of whoever deploys a model, proved by CloudFormation of the emulator: with it each
 * model is created, changed and deleted, and nothing is denied; without one action of it, some
 * model fails by the denial of just that action.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationActions } from '../../src/deploy/deployer/operations.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { describeModel, MODELS } from './models.ts';
import { listActions, takeAway } from './proving.ts';
import { ACCOUNT, StackAccount, policiesOf } from './stack-life.ts';
import { UNPROVED } from './unproved-actions.ts';

/** Which models needed an action; the one that needed the fewest actions first. */
const provers = new Map<string, string[]>();
const sizes = new Map<string, number>();

const COMPLETE = ['CREATE_COMPLETE', ...Array(3).fill('UPDATE_COMPLETE'), 'DELETE_COMPLETE'];

for (const [name, more] of Object.entries(MODELS))
  test(`${name}: its deployer is denied nothing`, async (context) => {
    const account = new StackAccount(temporaryFolder(context));
    await account.furnish();
    const stages = await account.describe(more);
    await account.cloud.allow(policiesOf(stages.first));
    const end = await account.live(stages);
    assert.deepEqual(account.cloud.listDenied(), []);
    assert.deepEqual(end, { ends: COMPLETE, failures: '' });
    const needed = account.cloud.listNeeded();
    sizes.set(name, needed.length);
    for (const action of needed) provers.set(action, [...(provers.get(action) ?? []), name]);
  });

const ALL = new Set(
  Object.values(MODELS).flatMap((more) => listActions(policiesOf(describeModel(more)))),
);
const told = Object.values(UNPROVED).flat();
/** Those that the commands call are taken away in proved-commands.slow.test.ts. */
const spared = new Set<string>([...told, ...operationActions]);

for (const action of ALL)
  if (!spared.has(action))
    test(`without ${action} a model fails`, async (context) => {
      const [name = ''] = (provers.get(action) ?? []).toSorted(
        (a, b) => (sizes.get(a) ?? 0) - (sizes.get(b) ?? 0),
      );
      assert.notEqual(name, '', `no model needs ${action}: tell why it is in the policy`);
      const account = new StackAccount(temporaryFolder(context));
      await account.furnish();
      const stages = await account.describe(MODELS[name] ?? {});
      await account.cloud.allow(takeAway(policiesOf(stages.first), action));
      const { failures } = await account.live(stages);
      assert.deepEqual(account.cloud.listDenied(), [action]);
      const words =
        `User: arn:aws:sts::${ACCOUNT}:assumed-role/proved/proof is not authorized to perform: ` +
        `${action} on resource: `;
      assert.ok(failures.includes(words), `${name}: ${failures}`);
      context.diagnostic(name);
    });

test('what no model proves is told with its reason, and only that', () => {
  const proved = told.filter((action) => provers.has(action));
  assert.deepEqual(proved, [], 'a model proves it');
  const gone = told.filter((action) => !ALL.has(action));
  assert.deepEqual(gone, [], 'no policy has it');
});
