/**
 * Permissions against roles of the emulated IAM: a role with just the generated policy lacks
 * nothing; each action that is taken away is named, with its resource and the statement to add, by
 * IAM's simulation and, as far as there are requests that change nothing, by those alone.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { checkConfigText } from '../../src/config/load.ts';
import { permissionsOfPlan } from '../../src/config/used-permissions.ts';
import { permissionsCheck } from '../../src/doctor/permissions.ts';
import { makeProbe } from '../../src/doctor/probes.ts';
import { callIam, putRole, writeDocument } from '../kit/emulated-roles.ts';
import { examinePatient, healthyConfig, type Patient, startPatient } from '../kit/patient.ts';

const ROLE = 'metrics';
const PLACE = { partition: 'aws', region: 'us-east-1', account: '000000000000' };

/** Uses of most services, at the emulator. */
function wideConfig(patient: Patient): string {
  const { url } = patient.aws;
  return healthyConfig(patient).replace(
    'remote_write:',
    `  - job_name: map
    cloudmap_sd_configs: [{ namespaces_parameter: /names, endpoint: '${url}' }]
  - job_name: tasks
    amperage_ecs_sd_configs: [{ clusters: [prod], endpoint: '${url}' }]
  - job_name: servers
    ec2_sd_configs: [{ region: us-east-1, endpoint: '${url}' }]
xray_write: [{ region: us-east-1 }]
xray_receivers: [{ listen: '127.0.0.1:0' }]
emf_write: [{ region: us-east-1, namespace: App, log_group_name: /metrics/app }]
remote_write:`,
  );
}

interface Needed {
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: unknown;
}

async function listNeeded(config: string): Promise<readonly Needed[]> {
  const { plan, findings } = await checkConfigText(config, 'c.yml', {});
  assert.ok(plan, JSON.stringify(findings));
  return permissionsOfPlan(plan, PLACE).flatMap(({ actions, resources, conditions }) =>
    actions.flatMap((Action) =>
      resources.map((Resource) => ({
        Action,
        Resource: Resource as string,
        ...(conditions === undefined ? {} : { Condition: conditions }),
      })),
    ),
  );
}

const SIMULATE = { Action: ['iam:SimulatePrincipalPolicy', 'iam:GetRole'], Resource: '*' };

async function setPolicy({ aws }: Patient, statements: readonly object[]): Promise<void> {
  const document = writeDocument(statements.map((one) => ({ Effect: 'Allow', ...one })));
  const policy = { RoleName: ROLE, PolicyName: 'only', PolicyDocument: document };
  await callIam(aws.cloud, 'PutRolePolicy', policy);
}

/** Credentials of the role, as ECS hands them to a task. */
function asRole({ aws }: Patient, role = ROLE): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/v2/credentials/${role}`,
  };
}

async function examineAs(t: TestContext, patient: Patient, config: string) {
  const options = { config, checks: [permissionsCheck], env: asRole(patient) };
  const found = await examinePatient(t, patient, options);
  return {
    missing: found.filter(({ id }) => id === 'permission-missing'),
    all: JSON.stringify(found, undefined, 1),
  };
}

for (const isSimulated of [true, false]) {
  const by = isSimulated ? 'by simulation' : 'by requests';
  test(`each action that a role lacks is named, ${by}`, async (t) => {
    const patient = await startPatient(t);
    const config = wideConfig(patient);
    const needed = await listNeeded(config);
    assert.ok(needed.length > 15, String(needed.length));
    await putRole(patient.aws.cloud, ROLE);
    const own = isSimulated ? [SIMULATE] : [];
    await setPolicy(patient, [...needed, ...own]);
    const well = await examineAs(t, patient, config);
    assert.deepEqual(well.missing, [], well.all);
    let found = 0;
    for (const { Action, Resource } of needed) {
      const probe = makeProbe(Action, Resource);
      if (!isSimulated && probe === undefined) continue;
      const others = needed.filter((one) => one.Action !== Action || one.Resource !== Resource);
      await setPolicy(patient, [...others, ...own]);
      const { missing, all } = await examineAs(t, patient, config);
      assert.deepEqual(
        missing.map(({ what }) => what.split(' is not')[0]),
        [`${Action} on ${Resource}`],
        all,
      );
      assert.match(missing[0]?.remedy ?? '', new RegExp(`"Action": "${Action}"`));
      found += 1;
    }
    assert.ok(found > 10, String(found));
  });
}

test('a condition that each request meets, or that only a request can judge, is no fault', async (t) => {
  const patient = await startPatient(t);
  const config = wideConfig(patient);
  const needed = await listNeeded(config);
  await putRole(patient.aws.cloud, ROLE);
  const met = {
    StringEquals: { 'aws:RequestedRegion': 'us-east-1' },
    Bool: { 'aws:SecureTransport': 'true' },
  };
  await setPolicy(patient, [...needed.map((one) => ({ Condition: met, ...one })), SIMULATE]);
  const well = await examineAs(t, patient, config);
  assert.deepEqual(well.missing, [], well.all);
  const own = { DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } };
  await setPolicy(patient, [...needed.map((one) => ({ ...one, Condition: own })), SIMULATE]);
  const open = await examineAs(t, patient, config);
  assert.deepEqual(open.missing, [], open.all);
});

for (const isSimulated of [true, false])
  test(`a statement that denies is named as one, ${isSimulated ? 'by simulation' : 'by requests'}`, async (t) => {
    const patient = await startPatient(t);
    const config = wideConfig(patient);
    const needed = await listNeeded(config);
    await putRole(patient.aws.cloud, ROLE);
    const denial = { Effect: 'Deny', Action: 'aps:RemoteWrite', Resource: '*' };
    await setPolicy(patient, [...needed, denial, ...(isSimulated ? [SIMULATE] : [])]);
    const { missing, all } = await examineAs(t, patient, config);
    assert.equal(missing.length, 1, all);
    assert.match(missing[0]?.remedy ?? '', /^a statement denies it.*: take it out$/);
  });

test('a boundary that lacks an action is named, not the policy', async (t) => {
  const patient = await startPatient(t);
  const { cloud } = patient.aws;
  const config = wideConfig(patient);
  await putRole(cloud, ROLE);
  await setPolicy(patient, [...(await listNeeded(config)), SIMULATE]);
  const most = { Effect: 'Allow', NotAction: 'aps:RemoteWrite', Resource: '*' };
  const { Policy } = (await callIam(cloud, 'CreatePolicy', {
    PolicyName: 'most',
    PolicyDocument: writeDocument([most]),
  })) as { Policy: { Arn: string } };
  const boundary = { RoleName: ROLE, PermissionsBoundary: Policy.Arn };
  await callIam(cloud, 'PutRolePermissionsBoundary', boundary);
  const { missing, all } = await examineAs(t, patient, config);
  assert.equal(missing.length, 1, all);
  assert.match(missing[0]?.remedy ?? '', /^allow it in the permissions boundary too/);
  assert.match(missing[0]?.remedy ?? '', /policy lacks it as well, add to its policy:/);
});

test('the permissions of a role that is named are looked at by IAM alone', async (t) => {
  const patient = await startPatient(t);
  const config = wideConfig(patient);
  const role = await putRole(patient.aws.cloud, ROLE);
  const needed = await listNeeded(config);
  await setPolicy(patient, needed.slice(1));
  const named = { config, checks: [permissionsCheck], subject: { role } };
  const found = await examinePatient(t, patient, named);
  const missing = found.filter(({ id }) => id === 'permission-missing');
  assert.equal(missing.length, 1, JSON.stringify(found));
  assert.match(missing[0]?.what ?? '', /is not allowed to arn:aws:iam::000000000000:role\/metrics/);
});

test('a role that is not there is said, with what it is and not what it lacks', async (t) => {
  const patient = await startPatient(t);
  const { cloud } = patient.aws;
  const examineRole = async (role: string, env: Readonly<Record<string, string>> = {}) => {
    const options = { checks: [permissionsCheck], subject: { role }, env };
    const found = await examinePatient(t, patient, options);
    assert.equal(found.length, 1, JSON.stringify(found));
    return found[0]!;
  };
  await callIam(cloud, 'CreateRole', {
    RoleName: 'within',
    Path: '/team/',
    AssumeRolePolicyDocument: writeDocument([
      { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' },
    ]),
  });
  for (const [role, says] of [
    ['arn:aws:iam::000000000000:role/nobody', /NoSuchEntity|cannot be found/],
    ['arn:aws:iam::000000000000:role/within', /of that name is .*:role\/team\/within$/],
    ['arn:aws:iam::111111111111:role/team/within', /the credentials are of .*:000000000000:root$/],
  ] as const) {
    const { id, severity, remedy, evidence } = await examineRole(role);
    assert.deepEqual([id, severity], ['role-unknown', 'error']);
    assert.match(evidence.join(), says);
    assert.match(remedy, /account, path and name/);
  }
  // Whoever may not ask for the role is told by the simulation, and who may ask neither by neither.
  await putRole(cloud, ROLE);
  const nobody = 'arn:aws:iam::000000000000:role/nobody';
  await setPolicy(patient, [{ Action: 'iam:SimulatePrincipalPolicy', Resource: '*' }]);
  assert.equal((await examineRole(nobody, asRole(patient))).id, 'role-unknown');
  await setPolicy(patient, [{ Action: 'none:None', Resource: '*' }]);
  const options = { checks: [permissionsCheck], subject: { role: nobody }, env: asRole(patient) };
  const found = await examinePatient(t, patient, options);
  assert.deepEqual(
    found.map(({ id }) => id),
    ['permission-unknown', 'permissions'],
  );
});

for (const mayRead of [true, false])
  test(`conditions of other actions leave no doubt where policies may${mayRead ? '' : ' not'} be read`, async (t) => {
    const patient = await startPatient(t);
    const { cloud } = patient.aws;
    const config = wideConfig(patient);
    const role = await putRole(cloud, ROLE);
    const others = (await listNeeded(config)).filter(({ Action }) => Action !== 'aps:RemoteWrite');
    const inVpc = { StringEquals: { 'aws:SourceVpc': 'vpc-1' } };
    const foreign = { Action: 's3:GetObject', Resource: '*', Condition: inVpc };
    const own = { Resource: 'arn:aws:s3:::b/${aws:username}/*', Action: 's3:PutObject' };
    await setPolicy(patient, [...others, foreign, own]);
    await putRole(cloud, 'asker', {
      statements: [
        { Effect: 'Allow', ...SIMULATE },
        ...(mayRead ? [{ Effect: 'Allow', Action: ['iam:Get*', 'iam:List*'], Resource: '*' }] : []),
      ],
    });

    const env = asRole(patient, 'asker');
    const options = { config, checks: [permissionsCheck], subject: { role }, env };
    const examineNow = async () => {
      const found = await examinePatient(t, patient, options);
      return {
        missing: found.filter(({ id }) => id === 'permission-missing').map(({ what }) => what),
        open: found.filter(({ severity }) => severity === 'skipped').map(({ what }) => what),
      };
    };
    const { missing, open } = await examineNow();
    if (mayRead) {
      assert.deepEqual([missing.length, open], [1, []]);
      assert.match(missing[0]!, /^aps:RemoteWrite on .* is not allowed/);
    } else {
      assert.deepEqual([missing, open.length], [[], 1]);
      assert.match(open[0]!, /^not known, policies ask for aws:sourcevpc.*only a request tells/);
      assert.match(open[0]!, /whether they decide, iam:ListRolePolicies.* would tell: aps:Rem/);
    }
    // A condition on the action itself decides, and only a request tells it.
    await setPolicy(patient, [...others, { ...foreign, Action: 'aps:*' }]);
    const decided = await examineNow();
    assert.deepEqual([decided.missing, decided.open.length], [[], 1]);
    assert.match(decided.open[0]!, /^not known, policies ask for aws:sourcevpc, which only/);
  });
