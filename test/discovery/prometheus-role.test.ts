/**
 * Prometheus' discovery of ECS beside ours: for a task of every kind the labels that its code
 * makes, transcribed from its source, and the deliberate differences. The test fails when either
 * list is not exact.
 * Prometheus 3.5.3 of Debian is older than this discovery (3.8), so the real binary cannot be
 * compared.
 * Source:
 * https://github.com/prometheus/prometheus/blob/d15adb9ad7e5d9fbde3a9a8f30200593a5a14d86/discovery/aws/ecs.go
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, type TargetOptions } from '../../src/discovery/ecs/targets.ts';
import { ACCOUNT, type Kind, kinds } from './task-kinds.ts';

type Labels = Readonly<Record<string, string>>;

const CLUSTER = {
  cluster: 'prod',
  cluster_arn: `${ACCOUNT}:cluster/prod`,
  tag_cluster_cost_center: '42',
  tag_cluster_aws_cloudformation_stack_name: 'prod-ecs',
  region: 'eu-central-1',
};
const WEB = {
  service: 'web',
  service_arn: `${ACCOUNT}:service/prod/web`,
  service_status: 'ACTIVE',
  tag_service_team: 'shop',
  task_group: 'service:web',
};
const RUNNING = {
  task_definition: `${ACCOUNT}:task-definition/shop:7`,
  availability_zone: 'eu-central-1a',
  desired_status: 'RUNNING',
  last_status: 'RUNNING',
  health_status: 'HEALTHY',
};
const FARGATE = {
  address: '10.0.0.1:9100',
  ip_address: '10.0.0.1',
  subnet_id: 'subnet-task',
  network_mode: 'awsvpc',
  launch_type: 'FARGATE',
  platform_family: 'Linux',
  platform_version: '1.4.0',
};
const NODE = {
  launch_type: 'EC2',
  container_instance_arn: `${ACCOUNT}:container-instance/prod/c1`,
  ec2_instance_id: 'i-0aaa',
  ec2_instance_type: 'm7g.large',
  ec2_instance_private_ip: '10.1.0.1',
  ec2_instance_public_ip: '203.0.113.1',
  tag_ec2_Name: 'node-1',
  tag_ec2_aws_autoscaling_groupName: 'nodes',
};
/** The address of the instance. Host mode has it too, and is called bridge. */
const BRIDGE = {
  address: '10.1.0.1:9100',
  ip_address: '10.1.0.1',
  public_ip: '203.0.113.1',
  subnet_id: 'subnet-node',
  network_mode: 'bridge',
};
const TASK_INTERFACE = {
  address: '10.0.0.1:9100',
  ip_address: '10.0.0.1',
  subnet_id: 'subnet-task',
  network_mode: 'awsvpc',
};
const arn = (id: string): Labels => ({ task_arn: `${ACCOUNT}:task/prod/${id}` });

/** The labels that Prometheus makes; `none` where it makes no target. */
const theirs: Record<Kind, Labels | 'none'> = {
  fargate: { ...CLUSTER, ...WEB, ...RUNNING, ...FARGATE, ...arn('fargate') },
  fargatePublic: {
    ...CLUSTER,
    ...WEB,
    ...RUNNING,
    ...FARGATE,
    ...arn('fargate-public'),
    public_ip: '198.51.100.7',
  },
  ec2Bridge: { ...CLUSTER, ...WEB, ...RUNNING, ...NODE, ...BRIDGE, ...arn('bridge') },
  ec2Host: { ...CLUSTER, ...WEB, ...RUNNING, ...NODE, ...BRIDGE, ...arn('host') },
  ec2Awsvpc: {
    ...CLUSTER,
    ...WEB,
    ...RUNNING,
    ...NODE,
    ...TASK_INTERFACE,
    ...arn('vpc'),
    public_ip: '198.51.100.8',
  },
  // ECS reports the id; the rest comes from EC2.
  ec2AwsvpcNotDescribed: {
    ...CLUSTER,
    ...WEB,
    ...RUNNING,
    ...TASK_INTERFACE,
    ...arn('vpc-2'),
    launch_type: 'EC2',
    container_instance_arn: `${ACCOUNT}:container-instance/prod/c1`,
    ec2_instance_id: 'i-0aaa',
  },
  ec2AwsvpcIPv6: 'none',
  ec2NotDescribed: 'none',
  // Prometheus skips an instance without a private IPv4 address.
  ec2IPv6: 'none',
  managedInstance: {
    ...CLUSTER,
    ...WEB,
    ...RUNNING,
    ...NODE,
    ...TASK_INTERFACE,
    ...arn('managed'),
    launch_type: 'MANAGED_INSTANCES',
  },
  external: 'none',
  externalWithAddress: 'none',
  standalone: {
    ...CLUSTER,
    ...RUNNING,
    ...FARGATE,
    ...arn('standalone'),
    task_group: 'family:shop',
  },
  batch: { ...CLUSTER, ...RUNNING, ...FARGATE, ...arn('batch'), task_group: 'nightly-job' },
  noGroup: { ...CLUSTER, ...RUNNING, ...FARGATE, ...arn('none') },
  serviceNotDescribed: {
    ...CLUSTER,
    ...RUNNING,
    ...FARGATE,
    ...arn('new'),
    task_group: 'service:new',
  },
  // Prometheus does not check the status, only whether there is an address.
  pending: {
    ...CLUSTER,
    ...WEB,
    ...RUNNING,
    ...FARGATE,
    ...arn('pending'),
    last_status: 'PENDING',
    health_status: 'UNKNOWN',
  },
  pendingWithoutAddress: 'none',
  notPlaced: 'none',
  stopping: {
    ...CLUSTER,
    ...WEB,
    ...RUNNING,
    ...FARGATE,
    ...arn('stopping'),
    desired_status: 'STOPPED',
    last_status: 'DEPROVISIONING',
  },
  ipv6Only: 'none',
  oddTags: {
    ...CLUSTER,
    ...WEB,
    ...RUNNING,
    ...FARGATE,
    ...arn('tags'),
    tag_task_k8s_io_app_name: 'a',
    tag_task_gr__e: 'L',
    tag_task__: 'smile',
    tag_task_a_b: 'last',
    tag_task_9: 'nine',
  },
  bare: {
    ...CLUSTER,
    ...arn('bare'),
    address: '10.0.0.1:9100',
    ip_address: '10.0.0.1',
    network_mode: 'awsvpc',
  },
};

/** `kind label: theirs → ours`, each with its reason. */
const differences = [
  // Prometheus uses only IPv4; here a task with only IPv6 is reached too.
  'ec2IPv6: none → [2001:db8::1]:9100',
  'ec2AwsvpcIPv6: none → [2001:db8::8]:9100',
  'ipv6Only: none → [2001:db8::7]:9100',
  // Prometheus loses the whole cluster, because EC2 refuses a request that names an instance of ECS
  // Anywhere. Here the target has the address from the attribute.
  'externalWithAddress: none → 192.168.0.9:9100',
  // The service was not described (denied, or just created); its name is taken from the task.
  'serviceNotDescribed service: undefined → new',
  `serviceNotDescribed service_arn: undefined → ${ACCOUNT}:service/prod/new`,
  // A task that stopped between the list and its description stays a target in Prometheus for one
  // refresh.
  'stopping: 10.0.0.1:9100 → none',
];

const options: TargetOptions = {
  profile: 'prometheus',
  rules: { services: [], definitions: [], dockerLabels: [], isDynamic: false },
  portOfTask: 9100,
  dropUnhealthy: false,
  jobLabel: '',
};

/** Our labels by the short names of the table. */
function judgeOurs(kind: Kind): Labels | 'none' {
  const verdicts = judge(kinds[kind], options);
  assert.equal(verdicts.length, 1);
  const target = verdicts[0]?.target;
  if (target === undefined) return 'none';
  return Object.fromEntries(
    Object.entries(target).map(([name, value]) => [
      name === '__address__' ? 'address' : name.replace(/^__meta_ecs_/, ''),
      value,
    ]),
  );
}

test("the labels of every kind of task are those that Prometheus' code gives, but for what is listed", () => {
  const found: string[] = [];
  for (const kind of Object.keys(kinds) as Kind[]) {
    const [their, our] = [theirs[kind], judgeOurs(kind)];
    if (their === 'none' || our === 'none') {
      const shown = (one: Labels | 'none'): string | undefined =>
        one === 'none' ? one : one['address'];
      if (their !== our) found.push(`${kind}: ${shown(their)} → ${shown(our)}`);
      continue;
    }
    for (const name of new Set([...Object.keys(their), ...Object.keys(our)]))
      if (their[name] !== our[name]) found.push(`${kind} ${name}: ${their[name]} → ${our[name]}`);
  }
  assert.deepEqual(found.toSorted(), differences.toSorted());
});

test('a target that Prometheus itself would not have says so when it is explained, and what is none says why', () => {
  const wordsOf = (kind: Kind): string => judge(kinds[kind], options)[0]?.words ?? '';
  for (const kind of ['ipv6Only', 'ec2IPv6', 'externalWithAddress'] as const)
    assert.match(wordsOf(kind), /Prometheus itself has no target here/, kind);
  assert.equal(
    wordsOf('fargate'),
    'awsvpc: the address of the task, port 9100: one target for each task',
  );
  assert.match(wordsOf('pendingWithoutAddress'), /has no address yet/);
  assert.match(wordsOf('notPlaced'), /no network interface yet/);
  assert.match(wordsOf('external'), /prometheus\.address/);
});
