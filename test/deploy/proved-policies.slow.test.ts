/**
 * The policies that `generate policies` writes for configurations and commands, proved: a command
 * with the credentials of a role with just that is denied nothing, and calls each action; without
 * one of them it says what it misses.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { freePort } from '../kit/processes.ts';
import { ProvedPlace, type ProvedUse } from './proved-place.ts';
import { PROVED_ROWS, type ProvedRow } from './proved-rows.ts';
import { listActions, type ProvedPolicy, takeAway } from './proving.ts';

interface Begun {
  readonly place: ProvedPlace;
  readonly use: ProvedUse;
  readonly policies: readonly ProvedPolicy[];
}

async function begin(context: TestContext, { use }: ProvedRow): Promise<Begun> {
  const place = await ProvedPlace.open(context);
  const used = await use(place, await freePort());
  return { place, use: used, policies: await place.generate(used.policy) };
}

async function proveWhole(context: TestContext, row: ProvedRow): Promise<readonly string[]> {
  const { place, use, policies } = await begin(context, row);
  await place.cloud.allow(policies);
  const actions = listActions(policies);
  const { unseen = {} } = row;
  const seen = actions.filter((one) => !Object.hasOwn(unseen, one));
  await place.run(use, (said) => {
    const needed = new Set(place.cloud.listNeeded());
    const isSaid = Object.values(unseen).every((words) => words.test(said));
    return isSaid && seen.every((one) => needed.has(one)) && /msg=started|listening/.test(said);
  });
  assert.deepEqual(place.cloud.listDenied(), []);
  assert.deepEqual(place.cloud.listNeeded().toSorted(), seen.toSorted());
  return actions;
}

async function proveWithout(context: TestContext, row: ProvedRow, action: string): Promise<void> {
  const { place, use, policies } = await begin(context, row);
  await place.cloud.allow(takeAway(policies, action));
  const isUnseen = Object.hasOwn(row.unseen ?? {}, action);
  const words = row.says?.[action] ?? new RegExp(`${action}\\b`);
  const said = await place.run(
    use,
    (text) => words.test(text) && (isUnseen || place.cloud.listDenied().length > 0),
  );
  assert.match(said, words);
  // What is tried in its place may be denied after it.
  assert.equal(place.cloud.listDenied()[0], isUnseen ? undefined : action);
}

for (const [name, row] of Object.entries<ProvedRow>(PROVED_ROWS))
  test(name, { concurrency: 3, timeout: 600_000 }, async (context) => {
    let actions: readonly string[] = [];
    await context.test('nothing is denied, and each action is called', async (part) => {
      actions = await proveWhole(part, row);
    });
    await Promise.all(
      actions.map((action) =>
        context.test(`without ${action}`, (part) => proveWithout(part, row, action)),
      ),
    );
  });

/** What doctor asks besides, where it may. */
const DOCTORS = [
  'aps:DescribeWorkspace', 'cloudwatch:GetMetricData', 'iam:GetRole',
  'iam:SimulatePrincipalPolicy',
]; // prettier-ignore

for (const own of [[], DOCTORS])
  test(`doctor as the collector ${own.length === 0 ? 'says' : 'may do'} what it asks besides`, async (context) => {
    const { place, use, policies } = await begin(context, PROVED_ROWS['remote_write to AMP']);
    const more = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'Doctor', Action: own, Effect: 'Allow', Resource: '*' }],
    };
    await place.cloud.allow([...policies, ...(own.length === 0 ? [] : [more])]);
    const [file = ''] = use.policy;
    const command = ['doctor', '--config.file', file, '--storage.path', `${place.folder}/queue`];
    const said = await place.run({ command, policy: [] }, () => false);
    assert.match(said, /ok permissions: allowed to .*: aps:RemoteWrite/);
    assert.match(said, / 0 errors, 0 warnings, /);
    const denied = place.cloud.listDenied().toSorted();
    assert.deepEqual(denied, own.length === 0 ? DOCTORS : []);
    for (const action of denied.filter((one) => !one.startsWith('iam:')))
      assert.ok(said.includes(`${action} would tell`), said);
  });
