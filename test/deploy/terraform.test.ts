/**
 * Templates as configurations of Terraform: parsed by HashiCorp's own parser, with the same values
 * as the template's, and judged by the provider's schema where terraform is there.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from '@cdktf/hcl2json';
import fc from 'fast-check';
import { type AwsValue, Draft, join, Reference } from '../../src/deploy/template.ts';
import { renderTerraform } from '../../src/deploy/terraform/render.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { describeAllTypes } from './all-types.ts';
import { describeModel, MODELS } from './models.ts';
import { compareForms } from './terraform-attributes.ts';

const PLUGINS = '/opt/tf-plugins';
const hasTerraform =
  existsSync(PLUGINS) && spawnSync('terraform', ['version'], { stdio: 'ignore' }).status === 0;

type Parsed = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

async function read(text: string): Promise<Parsed> {
  return (await parse('main.tf', text)) as Parsed;
}

/** Names of Terraform, `collector_task`, as ids of the template, `collectortask`. */
const plain = (name: string): string => name.replaceAll('_', '').toLowerCase();

const TEMPLATES = [
  ...Object.entries(MODELS).map(([name, more]) => [name, describeModel(more)] as const),
  ['all types', describeAllTypes()] as const,
];

for (const [name, template] of TEMPLATES)
  test(`${name}: each value of the template is there, and no other`, async () => {
    assert.deepEqual(await compareForms(template), []);
  });

test('what came with a version of the provider asks for it', () => {
  const draft = new Draft();
  const provider = { InfrastructureRoleArn: 'arn:aws:iam::123456789012:role/ecs' };
  draft.add({
    id: 'Managed',
    type: 'AWS::ECS::CapacityProvider',
    properties: { Name: 'm', ClusterName: 'c', ManagedInstancesProvider: provider },
    why: '',
  });
  const text = renderTerraform(draft.finish('x', 'r'));
  assert.match(text, /version = ">= 6\.15"/);
  assert.match(text, /cluster = "c"\n\n {2}managed_instances_provider \{/);
});

test(
  'the schema of the provider takes each, and terraform would not format it otherwise',
  { skip: hasTerraform ? false : 'terraform and its provider are not there' },
  (context) => {
    const folder = temporaryFolder(context);
    const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: '/dev/null' };
    const run = (cwd: string, ...given: string[]): string =>
      execFileSync('terraform', given, { cwd, env, encoding: 'utf8', stdio: 'pipe' });
    for (const [i, [name, template]] of TEMPLATES.entries()) {
      const text = renderTerraform(template);
      // What came with a version that is not here asks for it.
      if (!text.includes('">= 5.100"')) continue;
      const at = path.join(folder, `${i}`);
      mkdirSync(at);
      writeFileSync(path.join(at, 'main.tf'), text);
      assert.equal(run(at, 'fmt', '-check', '-diff'), '', name);
      run(at, 'init', '-backend=false', `-plugin-dir=${PLUGINS}`);
      const verdict = JSON.parse(run(at, 'validate', '-json')) as { diagnostics: unknown };
      assert.deepEqual(verdict.diagnostics, [], name);
    }
  },
);

test('property: a text with anything in it comes back from the parser as it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({
        unit: fc.constantFrom('$', '{', '%', '"', '\\', '\n', '\t', '\b', 'b', 'é', '😀', '}'),
      }),
      async (text) => {
        const draft = new Draft();
        const value: AwsValue = text;
        const properties = { Name: 'n', Type: 'String', Value: value };
        draft.add({ id: 'A', type: 'AWS::SSM::Parameter', properties, why: 'a text' });
        const parsed = await read(renderTerraform(draft.finish('x', 'eu-west-1')));
        const found = parsed['resource']?.['aws_ssm_parameter']?.['a'];
        const body = (found as readonly { value: string }[] | undefined)?.[0];
        // The parser leaves the signs of templates as they are written.
        assert.equal(body?.value.replaceAll('$${', () => '${').replaceAll('%%{', '%{'), text);
      },
    ),
    { numRuns: 200 },
  );
});

test('a log group is named as CloudFormation names it; a workspace by its ARN leads to its id', async () => {
  const draft = new Draft();
  const group = draft.add({
    id: 'Logs',
    type: 'AWS::Logs::LogGroup',
    properties: { LogGroupName: 'g' },
    why: '',
  });
  const text = join`to ${group.get('Arn')}`;
  const properties = { Name: 'n', Type: 'String', Value: text };
  draft.add({ id: 'P', type: 'AWS::SSM::Parameter', properties, why: '' });
  assert.match(
    renderTerraform(draft.finish('x', 'r')),
    /value += "to \$\{aws_cloudwatch_log_group\.logs\.arn\}:\*"/,
  );
  const rules = renderTerraform(
    describeModel(MODELS['rules, an alert manager and a log of queries'] ?? {}),
  );
  assert.match(rules, /workspace_id += aws_prometheus_workspace\.workspace\.id/);
});

test('tasks start behind what they need, and end before it; what is kept is not destroyed', async () => {
  const template = describeModel(MODELS['a queue on EFS'] ?? {});
  const { resource = {} } = await read(renderTerraform(template));
  const found = resource['aws_ecs_service']?.['collector_service'];
  const service = (found as readonly { depends_on: readonly string[] }[] | undefined)?.[0];
  const awaited = service?.depends_on.join(' ') ?? '';
  for (const address of [
    'aws_iam_role_policy.collector_role_needed',
    'aws_iam_role_policy.execution_role_needed',
    'aws_vpc_security_group_egress_rule.collector_security_group_out',
    'aws_ssm_parameter.collector_configuration',
    'aws_vpc_security_group_ingress_rule.queue_ingress',
    'aws_efs_mount_target.queue_mount1',
  ])
    assert.ok(awaited.includes(address), address);
  const kept = template.resources
    .filter(({ isKept }) => isKept === true)
    .map(({ id }) => plain(id));
  const guarded = Object.values(resource)
    .flatMap((byName) => Object.entries(byName))
    .filter(([, body]) => JSON.stringify(body).includes('"prevent_destroy":true'))
    .map(([id]) => plain(id));
  assert.deepEqual(guarded.toSorted(), kept.toSorted());
});

test('a property without a rule is a fault of the program', () => {
  const draft = new Draft();
  const properties = { CidrBlock: '10.0.0.0/16', Foo: new Reference('X') };
  draft.add({ id: 'X', type: 'AWS::EC2::EIP', properties: {}, why: '' });
  draft.add({ id: 'V', type: 'AWS::EC2::VPC', properties, why: '' });
  assert.throws(() => renderTerraform(draft.finish('x', 'r')), /BUG: V\.Foo has no rule/);
});
