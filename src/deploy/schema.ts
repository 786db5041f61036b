/**
 * The model of a deployment: what a user says about it, in a short YAML. All keys but `name`,
 * `image` and `network` have a default; the smallest file is the collector as a central service on
 * Fargate, with a new workspace.
 */
import * as z from 'zod';

import { portSchema } from '../settings/count.ts';
import { switchSchema } from '../settings/switch.ts';
import {
  alarmsSchema,
  cloudwatchSchema,
  dnsNamespaceSchema,
  nodeExporterSchema,
} from './beside-schema.ts';
import {
  collectorModelSchema,
  EXPORTER_PORT,
  FARGATE_SIZE_WORDS,
  isFargateSize,
} from './collector-schema.ts';
import { listPlaceFaults } from './place-rules.ts';
import { deploymentTagsSchema } from './tags-schema.ts';

const nameSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,30}[a-z0-9]$/,
    'expected 2 to 32 lower-case letters, digits and dashes',
  );

const networkSchema = z
  .strictObject({
    vpc: z
      .string()
      .regex(/^vpc-[0-9a-f]+$/, 'expected the id of a VPC, such as vpc-0a1b2c3d')
      .optional()
      .meta({ description: 'VPC that the tasks run in.', examples: ['vpc-0a1b2c3d'] }),
    subnets: z
      .array(z.string().regex(/^subnet-[0-9a-f]+$/, 'expected ids such as subnet-0a1b2c3d'))
      .default([])
      .meta({
        description:
          'Subnets of the tasks. With a queue on EFS, one in each availability zone: a file ' +
          'system has one mount target in a zone, and AWS refuses a second.',
        examples: [['subnet-0a1b2c3d']],
      }),
    public: switchSchema
      .default(false)
      .describe('The subnets are public: tasks get a public address to reach AWS by.'),
    route_tables: z
      .array(z.string().regex(/^rtb-[0-9a-f]+$/, 'expected ids such as rtb-0a1b2c3d'))
      .default([])
      .describe('Route tables of the subnets, for the gateway endpoint of S3.'),
    create: switchSchema
      .default(false)
      .describe('Makes a VPC, with two public and two private subnets and a NAT gateway in each.'),
    cidr: z
      .string()
      .regex(
        /^(10\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/,
        'expected a private /16, such as 10.10.0.0/16',
      )
      .default('10.10.0.0/16')
      .describe('Addresses of a VPC that is made.'),
    endpoints: switchSchema
      .default(false)
      .describe(
        'Makes VPC endpoints, so that private subnets need no way to the Internet. Images must ' +
          'then be in ECR: no endpoint leads to Docker Hub, Quay or public.ecr.aws.',
      ),
  })
  .refine(({ vpc, create }) => vpc === undefined || !create, {
    error: 'give either vpc and subnets, or create: true',
  })
  .refine(
    ({ vpc, endpoints, route_tables }) =>
      vpc === undefined || !endpoints || route_tables.length > 0,
    {
      path: ['route_tables'],
      error: 'endpoints need the route tables of the subnets: layers of images lie in S3',
    },
  )
  .refine(({ vpc, subnets }) => vpc === undefined || subnets.length > 0, {
    error: 'vpc needs subnets',
  })
  .refine(({ subnets }) => new Set(subnets).size === subnets.length, {
    path: ['subnets'],
    error: 'names a subnet twice',
  })
  .prefault({})
  .describe(
    'Where the tasks run: a VPC that is there, or a new one. One of both is needed, but for a ' +
      'collector on machines of yours (launch: external), which is in none.',
  );

const clusterSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,255}$/, 'expected letters, digits, dashes and underscores')
      .optional()
      .describe("Name of the cluster; by default the deployment's."),
    create: switchSchema.default(true).describe('Makes the cluster; false: it is there.'),
    instances: z
      .strictObject({
        type: z
          .string()
          .optional()
          .describe('Type of the instances; c7g.large by default, c7i.large for x86_64.'),
        desired: z.int().min(0).default(2).describe('Instances at the start.'),
        max: z.int().min(1).default(4).describe('Instances at most.'),
      })
      .optional()
      .describe(
        'EC2 instances of the cluster, in an Auto Scaling group. Without it: none are made.',
      ),
    node_exporter: nodeExporterSchema,
  })
  .refine(({ instances }) => instances === undefined || instances.desired <= instances.max, {
    path: ['instances', 'desired'],
    error: 'is more than max',
  })
  .refine(
    ({ create, instances, node_exporter }) =>
      node_exporter === undefined || !create || instances !== undefined,
    {
      path: ['node_exporter'],
      error: 'a new cluster has no instances to look at: say which (cluster.instances)',
    },
  )
  .refine(({ create, instances }) => create || instances === undefined, {
    path: ['instances'],
    error: 'the capacity providers of a cluster that is there would be replaced: create: true',
  })
  .prefault({})
  .describe('The ECS cluster.');

const workspaceSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^ws-[0-9a-f-]{36}$/, 'expected the id of a workspace, ws-…')
      .optional()
      .describe('A workspace of AMP that is there; without it one is made, and kept on clean-up.'),
    alias: z
      .string()
      .max(100)
      .optional()
      .describe("Alias of one that is made; by default the deployment's name."),
    retention_days: z
      .int()
      .min(1)
      .max(1_095)
      .optional()
      .describe('Days that one that is made keeps samples; 150 by default.'),
    rules: z.string().optional().describe('File with groups of recording and alerting rules.'),
    alert_manager: z
      .string()
      .optional()
      .describe('File with the definition of the alert manager of one that is made.'),
    query_logging: switchSchema
      .default(false)
      .describe('Logs queries of one that is made that read much.'),
  })
  .refine(({ id, alert_manager }) => id === undefined || alert_manager === undefined, {
    path: ['alert_manager'],
    error: 'a workspace that is there keeps its alert manager: leave it out',
  })
  .refine(({ id, query_logging }) => id === undefined || !query_logging, {
    path: ['query_logging'],
    error: 'a workspace that is there keeps its log of queries: leave it out',
  })
  .refine(
    ({ id, retention_days, alias }) => id === undefined || (retention_days ?? alias) === undefined,
    {
      path: ['id'],
      error: 'a workspace that is there keeps its alias and retention: leave them out',
    },
  )
  .prefault({})
  .describe('The workspace of Amazon Managed Service for Prometheus.');

const serviceSchema = z
  .strictObject({
    name: nameSchema.describe(
      'Name of the service, its task definition and its Cloud Map service.',
    ),
    image: z.string().min(1).describe('Image of the application.'),
    port: portSchema.describe('Port of the application.'),
    metrics_path: z.string().startsWith('/').default('/metrics').describe('Path of its metrics.'),
    exporter: switchSchema
      .default(true)
      .describe('A sidecar that serves CPU, memory, network and disk of the task on port 9779.'),
    traces: switchSchema.default(false).describe('Tells it where X-Ray segments go.'),
    count: z.int().min(0).default(1).describe('Tasks.'),
    cpu: z.int().min(128).default(256).describe('CPU units of a task.'),
    memory: z.int().min(128).default(512).describe('Memory of a task, MiB.'),
    environment: z
      .record(z.string(), z.string())
      .refine((all) => Object.keys(all).every((name) => /^[^=\0]+$/.test(name)), {
        error: 'a variable needs a name, with no "=" in it',
      })
      .default({})
      .describe('Variables of the application.'),
  })
  .refine(isFargateSize, { path: ['memory'], error: FARGATE_SIZE_WORDS })
  .refine(({ port, exporter }) => !exporter || port !== EXPORTER_PORT, {
    path: ['port'],
    error:
      'the exporter listens there, in the same task: let the application have another port, or ' +
      'set exporter: false',
  });

/** Behind the name of the deployment: services of ECS and Cloud Map that are made with it. */
const OWN_SERVICES: readonly string[] = [
  'collector',
  'collector-a',
  'collector-b',
  'node-exporter',
];

/** A name that would be that of another part of the template. */
function findTwin(services: readonly { readonly name: string }[]): string | undefined {
  const taken = new Set([
    'amperage', 'collector', 'collectora', 'collectorb', 'nodeexporter', 'ecsexporter',
  ]); // prettier-ignore
  return services
    .map(({ name }) => name.replaceAll('-', ''))
    .find((name) => {
      const isTaken = taken.has(name);
      taken.add(name);
      return isTaken;
    });
}

export const deploymentSchema = z
  .strictObject({
    name: nameSchema.meta({
      description: 'Name of the deployment: of the stack, and in front of the names of its parts.',
      examples: ['metrics'],
    }),
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a region, such as eu-west-1')
      .meta({ description: 'Region of AWS.', examples: ['eu-west-1'] }),
    image: z
      .string()
      .min(1)
      .meta({
        description: 'Image of Amperage in a registry that the tasks reach.',
        examples: ['123456789012.dkr.ecr.eu-west-1.amazonaws.com/amperage:0.1.0'],
      }),
    tags: deploymentTagsSchema,
    network: networkSchema,
    cluster: clusterSchema,
    collector: collectorModelSchema,
    discovery: z
      .enum(['cloud-map', 'docker-labels'])
      .default('cloud-map')
      .describe('How targets are found.'),
    namespace: dnsNamespaceSchema,
    workspace: workspaceSchema,
    services: z
      .array(serviceSchema)
      .default([])
      .describe('Applications that are deployed with it.'),
    traces: switchSchema
      .default(false)
      .describe('The collector takes X-Ray segments on port 2000.'),
    cloudwatch: cloudwatchSchema,
    log_retention_days: z
      .literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_827, 3_653])
      .default(30)
      .describe('Days that logs are kept.'),
    alarms: alarmsSchema,
    grafana_role: switchSchema
      .default(false)
      .describe('A role by which Grafana reads the workspace.'),
  })
  .refine(
    ({ collector, cluster: { instances } }) =>
      instances?.type === undefined ||
      /^[a-z]+\d+[a-z]*g[a-z]*\./.test(instances.type) === (collector.architecture === 'arm64'),
    {
      path: ['cluster', 'instances', 'type'],
      error: 'is not of the architecture of the collector (collector.architecture)',
    },
  )
  .refine(({ services }) => findTwin(services) === undefined, {
    path: ['services'],
    error:
      'two services need names that differ by more than dashes, and none may be ' +
      '"amperage", "collector", "node-exporter" or "ecs-exporter"',
  })
  .refine(
    ({ name, services }) =>
      services.every((one) => !OWN_SERVICES.some((own) => one.name === `${name}-${own}`)),
    {
      path: ['services'],
      error: 'one has the name that another part of the deployment has: choose another',
    },
  )
  .refine(
    ({ cloudwatch, collector }) =>
      cloudwatch === undefined || collector.configuration === undefined,
    {
      path: ['cloudwatch'],
      error: 'the configuration of the collector is given: add emf_write to it',
    },
  )
  .refine(({ cloudwatch, collector }) => cloudwatch === undefined || !collector.pair, {
    path: ['cloudwatch'],
    error: 'both of a pair would tell CloudWatch the same, which adds them up: leave one out',
  })
  .refine(({ network, namespace }) => !network.create || namespace.id === undefined, {
    path: ['namespace', 'id'],
    error: 'a namespace is of one VPC, and network.create makes another: leave id out',
  })
  .superRefine((value, context) => {
    for (const [path, message] of listPlaceFaults(value))
      context.addIssue({ code: 'custom', path: [...path], message });
  })
  .refine(({ traces, services }) => traces || services.every((one) => !one.traces), {
    path: ['traces'],
    error: 'an application sends traces, and the collector takes none: set traces: true',
  });

export type Deployment = z.output<typeof deploymentSchema>;
export type ServiceModel = Deployment['services'][number];
