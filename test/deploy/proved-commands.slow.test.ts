/**
 * The policy that `generate policies --for deployer` writes, proved by the commands: as a role with
 * just that, plan, deploy, status and destroy are denied nothing; without one action of what they
 * call themselves, a command says which.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { stringify } from 'yaml';
import { createDeployCommand } from '../../src/commands/deploy.ts';
import { createDestroyCommand } from '../../src/commands/destroy.ts';
import { createPoliciesCommand } from '../../src/commands/generate/policies.ts';
import { createPlanCommand } from '../../src/commands/plan.ts';
import { createStatusCommand } from '../../src/commands/status.ts';
import { operationActions } from '../../src/deploy/deployer/operations.ts';
import { createEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { setEnvironment } from '../kit/environment.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS } from '../kit/processes.ts';
import { createWorld, openHttp } from '../kit/world.ts';
import { act, type Acted } from './acting.ts';
import { SMALLEST, WEBAPP } from './models.ts';
import {
  createFastClock,
  listActions,
  PROVED_ROLE,
  type ProvedPolicy,
  ProvingCloud,
  ROOT_KEYS,
  takeAway,
} from './proving.ts';

const ACCOUNT = '123456789012';
const MODEL = {
  ...SMALLEST,
  network: { create: true },
  collector: { queue: 'efs' },
  services: [WEBAPP],
};
/** Its template is too long for a call. */
const LONG_MODEL = {
  ...SMALLEST,
  network: { create: true },
  services: Array.from({ length: 40 }, (_, i) => ({ ...WEBAPP, name: `service-${i}x` })),
};
const BUCKET = 'templates';

const COMMANDS = {
  plan: createPlanCommand,
  deploy: createDeployCommand,
  status: createStatusCommand,
  destroy: createDestroyCommand,
} as const;
type Name = keyof typeof COMMANDS;
const FLAGS: Readonly<Record<Name, readonly string[]>> = {
  plan: [],
  deploy: ['--yes'],
  status: ['--drift'],
  destroy: ['--yes', '--delete-data'],
};

/** Which command misses an action first, and then says so. */
const MISSED_BY: Readonly<Record<Name, string>> = {
  plan:
    'cloudformation:CreateChangeSet cloudformation:DeleteChangeSet cloudformation:DeleteStack ' +
    'cloudformation:DescribeChangeSet cloudformation:DescribeStacks',
  deploy:
    'aps:DescribeWorkspace cloudformation:DescribeStackEvents cloudformation:ExecuteChangeSet ' +
    'ecs:DescribeServices elasticfilesystem:DescribeFileSystems',
  status:
    'cloudformation:DescribeStackDriftDetectionStatus cloudformation:DescribeStackResourceDrifts ' +
    'cloudformation:DetectStackDrift cloudformation:ListStackResources cloudwatch:GetMetricData ' +
    'ecs:DescribeTasks ecs:ListTasks servicediscovery:ListInstances',
  destroy:
    'aps:DeleteWorkspace cloudformation:GetTemplate cloudformation:ListStacks ' +
    'ecs:UpdateService elasticfilesystem:DeleteFileSystem',
};

const world = createWorld({ clock: systemClock, http: openHttp({ after }) });

class Place {
  readonly cloud: ProvingCloud;
  readonly #file: string;
  readonly #flags: readonly string[];

  /** @param bucket  where a template that is too long is put */
  static async open(context: TestContext, model: object, bucket?: string): Promise<Place> {
    const cloud = new ProvingCloud({
      clock: createFastClock(),
      regions: [SMALLEST.region],
      accountId: ACCOUNT,
    });
    const emulator = createEmulator({ world, listen: '127.0.0.1:0', cloud });
    await emulator.start();
    context.after(() => emulator.stop(100));
    setEnvironment(context, {
      ...BARE_AWS,
      AWS_ENDPOINT_URL: emulator.url,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${emulator.url}/v2/credentials/${PROVED_ROLE}`,
    });
    const file = path.join(temporaryFolder(context), 'deployment.yml');
    writeFileSync(file, stringify(model));
    if (bucket === undefined) return new Place(cloud, file, []);
    const at = { endpoint: emulator.url, region: SMALLEST.region, credentials: ROOT_KEYS };
    const s3 = new S3Client({ ...at, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    s3.destroy();
    return new Place(cloud, file, ['--bucket', bucket]);
  }

  private constructor(cloud: ProvingCloud, file: string, flags: readonly string[]) {
    this.cloud = cloud;
    this.#file = file;
    this.#flags = flags;
  }

  async writePolicies(): Promise<readonly ProvedPolicy[]> {
    let written = '';
    const command = createPoliciesCommand(
      (text) => (written += text),
      () => undefined,
    );
    const given = [this.#file, '--for', 'deployer', '--account', ACCOUNT, '--force'];
    const folder = path.join(path.dirname(this.#file), 'policies');
    await command.parseAsync([...given, '--output', folder], { from: 'user' });
    const files = written.trim().split('\n');
    return files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as ProvedPolicy);
  }

  act(name: Name): Promise<Acted> {
    const flags = name === 'plan' || name === 'deploy' ? this.#flags : [];
    const given = [this.#file, ...FLAGS[name], ...flags];
    return act(COMMANDS[name], given, { clock: this.cloud.clock });
  }
}

const NAMES = Object.keys(COMMANDS) as Name[];

for (const [what, model, bucket] of [
  ['a model', MODEL, undefined],
  ['a model whose template is put into a bucket', LONG_MODEL, BUCKET],
] as const)
  test(`${what}: each command is denied nothing`, async (context) => {
    const place = await Place.open(context, model, bucket);
    await place.cloud.allow(await place.writePolicies());
    for (const name of NAMES) {
      const { error, out } = await place.act(name);
      assert.equal(error, undefined, name);
      assert.doesNotMatch(out, /not known/, name);
    }
    assert.deepEqual(place.cloud.listDenied(), []);
    const isInBucket = place.cloud.listNeeded().includes('s3:PutObject');
    assert.equal(isInBucket, bucket !== undefined);
  });

/** @param words  what is said of it, where that is not AWS's usual sentence */
async function proveMissing(
  place: Place,
  action: string,
  missing: Name,
  words = `is not authorized to perform: ${action} on resource: `,
): Promise<void> {
  const policies = await place.writePolicies();
  assert.ok(listActions(policies).includes(action));
  await place.cloud.allow(takeAway(policies, action));
  for (const name of NAMES) {
    const { error = '', out, told } = await place.act(name);
    const text = `${out}${told}${error}`;
    if (name !== missing) {
      assert.deepEqual(place.cloud.listDenied(), [], `${name} before ${missing}`);
      continue;
    }
    assert.deepEqual(place.cloud.listDenied(), [action]);
    assert.ok(text.includes(words), text);
    return;
  }
}

for (const [name, actions] of Object.entries(MISSED_BY) as [Name, string][])
  for (const action of actions.split(' '))
    test(`without ${action} ${name} says what it misses`, async (context) => {
      await proveMissing(await Place.open(context, MODEL), action, name);
    });

/** CloudFormation reads the template itself, and says no more. */
for (const [action, words] of [
  ['s3:PutObject', undefined],
  ['s3:GetObject', 'S3 error: Access Denied'],
] as const)
  test(`without ${action} plan says what it misses`, async (context) => {
    await proveMissing(await Place.open(context, LONG_MODEL, BUCKET), action, 'plan', words);
  });

test('each action that the commands call is taken away once', () => {
  const taken = Object.values(MISSED_BY).flatMap((actions) => actions.split(' '));
  assert.deepEqual([...taken, 's3:PutObject'].toSorted(), [...operationActions].toSorted());
});
