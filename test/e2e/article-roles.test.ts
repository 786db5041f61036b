/** The articles' own scripts make their roles and policies in the emulator, and delete them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { callIam } from '../kit/emulated-roles.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { runAwsScript, skipWithoutAwsCli } from '../kit/python.ts';

interface Deployment {
  readonly folder: string;
  readonly role: string;
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
}

const DEPLOYMENTS: readonly Deployment[] = [
  {
    folder: 'deploy-adot',
    role: 'ECS-ADOT-Task-Role',
    allowed: ['aps:RemoteWrite', 'servicediscovery:ListInstances', 'xray:PutTraceSegments'],
    denied: ['aps:QueryMetrics', 'ecs:ListTasks', 'xray:GetTraceSummaries'],
  },
  {
    folder: 'deploy-prometheus',
    role: 'ECS-Prometheus-Task-Role',
    allowed: ['aps:RemoteWrite', 'ssm:GetParameter', 'servicediscovery:ListInstances'],
    denied: ['logs:PutLogEvents', 'xray:PutTraceSegments'],
  },
];

for (const { folder, role, allowed, denied } of DEPLOYMENTS)
  test(
    `${folder}: iam.sh and cleanup-iam.sh as they are`,
    { skip: skipWithoutConformance || skipWithoutAwsCli() },
    async (context) => {
      const aws = await startEmulatedAws();
      context.after(() => aws.close());
      const iam = aws.cloud.iamOf(aws.cloud.accountId);
      const script = (name: string): string => `. '${conformancePath('articles', folder, name)}'`;
      const work = temporaryFolder(context);
      const make = script('iam.sh');
      // What the first script exports is what the second one deletes.
      await runAwsScript(aws, work, `${make}\nexport -p > made.sh`);
      const ActionNames = [...allowed, ...denied];
      const PolicySourceArn = aws.cloud.roleArnOf(role);
      const { EvaluationResults } = (await callIam(aws.cloud, 'SimulatePrincipalPolicy', {
        PolicySourceArn,
        ActionNames,
      })) as { EvaluationResults: { EvalActionName: string; EvalDecision: string }[] };
      assert.deepEqual(
        EvaluationResults.filter(({ EvalDecision }) => EvalDecision === 'allowed').map(
          ({ EvalActionName }) => EvalActionName,
        ),
        allowed,
      );
      assert.equal(iam.roles.size, 3);
      await runAwsScript(aws, work, `. ./made.sh\n${script('cleanup-iam.sh')}`);
      assert.deepEqual([...iam.roles.keys()], []);
      const own = [...iam.policies.keys()].filter((arn) => !arn.startsWith('arn:aws:iam::aws:'));
      assert.deepEqual(own, []);
    },
  );
