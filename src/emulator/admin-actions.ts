/**
 * The admin actions of an emulated account, for what AWS does by itself or has no call for:
 * instances of clusters and of EC2 with their addresses, tasks at a given address, health and
 * status, faults and throttling, events to a queue. Only this machine may call them
 * (admin-routes.ts).
 */
import * as z from 'zod';
import type { EmulatedCloud } from './cloud.ts';
import { type Ec2Instance, type Ec2State, INSTANCE_STATES } from './ec2/state.ts';
import { AwsError } from './service.ts';

const tagsSchema = z.record(z.string(), z.string()).default({});

const actions = {
  '/_emulator/ecs/instances': z.strictObject({
    cluster: z.string(),
    id: z.string().describe('EC2 instance id, or mi-… for ECS Anywhere.'),
    address: z.string(),
    tags: tagsSchema,
  }),
  '/_emulator/ecs/tasks': z.strictObject({
    cluster: z.string(),
    taskDefinition: z.string(),
    launchType: z.string().default('FARGATE'),
    group: z.string().optional(),
    address: z.string().optional(),
    publicAddress: z.string().optional(),
    count: z.number().int().min(1).max(10_000).default(1),
    tags: tagsSchema,
  }),
  '/_emulator/ecs/task-state': z.strictObject({
    cluster: z.string(),
    task: z.string(),
    lastStatus: z.string().optional(),
    desiredStatus: z.string().optional(),
    healthStatus: z.enum(['HEALTHY', 'UNHEALTHY', 'UNKNOWN']).optional(),
    publicAddress: z.string().optional(),
  }),
  '/_emulator/ecs/interrupt': z.strictObject({
    cluster: z.string(),
    task: z.string(),
    seconds: z.number().min(1).max(120).default(120).describe('Until its containers are killed.'),
  }),
  '/_emulator/ec2/instances': z.strictObject({
    id: z.string().describe('Id of the instance, i-…; one that is there is replaced.'),
    address: z.string().optional().describe('Private IPv4 address.'),
    publicAddress: z.string().optional(),
    type: z.string().optional(),
    image: z.string().optional(),
    architecture: z.enum(['x86_64', 'arm64', 'i386', 'x86_64_mac', 'arm64_mac']).optional(),
    platform: z.literal('windows').optional(),
    lifecycle: z.enum(['spot', 'scheduled', 'capacity-block']).optional(),
    zone: z.string().optional().describe('Availability zone; the first of the region by default.'),
    vpc: z.string().optional().describe('Id of the VPC; empty for an instance outside one.'),
    subnet: z.string().optional(),
    interfaces: z
      .array(
        z.strictObject({
          subnet: z.string().optional(),
          deviceIndex: z.number().int().min(0).max(100).default(0),
          ipv6Addresses: z.array(z.string()).max(100).default([]),
          primaryIpv6Address: z.string().optional().describe('One of ipv6Addresses.'),
        }),
      )
      .max(100)
      .optional()
      .describe('Network interfaces; one in the subnet of the instance by default.'),
    state: z.enum(INSTANCE_STATES).optional(),
    tags: tagsSchema,
  }),
  '/_emulator/ec2/instance-state': z.strictObject({
    id: z.string(),
    state: z.enum(INSTANCE_STATES),
  }),
  '/_emulator/events': z.strictObject({ queue: z.string() }),
} as const;

const INTERRUPTED = {
  stopCode: 'SpotInterruption',
  stoppedReason: 'Your Spot Task was interrupted.',
} as const;

export const ADMIN_PATHS = [...Object.keys(actions), '/_emulator/trouble'] as readonly string[];

/**
 * Runs an admin action.
 *
 * @returns the value of the answer
 * @throws  ZodError for a body of another form; AwsError
 */
export function administer(cloud: EmulatedCloud, path: string, body: unknown): unknown {
  const { home } = cloud;
  const { ec2, ecs } = home;
  const toTags = (tags: Record<string, string>): { key: string; value: string }[] =>
    Object.entries(tags).map(([key, value]) => ({ key, value }));
  switch (path) {
    case '/_emulator/ecs/instances': {
      const { cluster, id, address, tags } = actions[path].parse(body);
      home.addInstance(ecs.createCluster(cluster), id, address, tags);
      return {};
    }
    case '/_emulator/ecs/tasks': {
      const { cluster, count, tags, group, address, publicAddress, ...rest } =
        actions[path].parse(body);
      const request = {
        ...rest,
        ...(group === undefined ? {} : { group }),
        ...(address === undefined ? {} : { address }),
        ...(publicAddress === undefined ? {} : { publicAddress }),
        tags: toTags(tags),
      };
      const own = ecs.cluster(cluster);
      return Array.from({ length: count }, () => ecs.run(own, request).taskArn);
    }
    case '/_emulator/ecs/task-state': {
      const { cluster, task, publicAddress, ...news } = actions[path].parse(body);
      const found = ecs.task(ecs.cluster(cluster), task);
      if (found !== undefined && publicAddress !== undefined)
        ecs.setPublicAddress(found, publicAddress);
      if (found !== undefined)
        ecs.change(
          found,
          Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined)),
        );
      return found ?? {};
    }
    case '/_emulator/ecs/interrupt': {
      const { cluster, task, seconds } = actions[path].parse(body);
      const found = ecs.task(ecs.cluster(cluster), task);
      if (found === undefined)
        throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
      ecs.stop(found, INTERRUPTED, seconds);
      return found;
    }
    case '/_emulator/ec2/instances':
      return putInstance(ec2, actions[path].parse(body));
    case '/_emulator/ec2/instance-state': {
      const { id, state } = actions[path].parse(body);
      return ec2.change(id, state);
    }
    case '/_emulator/events': {
      const { queue } = actions[path].parse(body);
      const url = home.queues.create(queue);
      home.subscribed.add(queue);
      return { url };
    }
    default:
      return cloud.trouble.set(body);
  }
}

function putInstance(
  ec2: Ec2State,
  given: z.output<(typeof actions)['/_emulator/ec2/instances']>,
): Ec2Instance {
  const { id, address, publicAddress, subnet, interfaces } = given;
  const { type, image, zone, vpc, architecture, platform, lifecycle, state, tags } = given;
  const wanted = {
    instanceType: type,
    imageId: image,
    architecture,
    platform,
    lifecycle,
    availabilityZone: zone,
    vpcId: vpc,
    subnetId: subnet,
    interfaces: interfaces?.map(({ subnet: subnetId, ...rest }) => ({ ...rest, subnetId })),
    privateIpAddress: address,
    publicIpAddress: publicAddress,
    state,
  };
  const own = Object.fromEntries(
    Object.entries(wanted).filter(([, value]) => value !== undefined),
  ) as Partial<Ec2Instance>;
  return ec2.put({ ...own, instanceId: id, tags });
}
