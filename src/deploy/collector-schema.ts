/**
 * The collector of a deployment: its mode, what it runs on, and which of these go together. What
 * would do nothing, or what AWS does not have, is refused at its key.
 */
import * as z from 'zod';

import { switchSchema } from '../settings/switch.ts';

/** Sizes of tasks that Fargate has: CPU units → MiB from, to, in steps of. */
const FARGATE_SIZES: Readonly<Record<number, readonly [number, number, number]>> = {
  256: [512, 2_048, 512],
  512: [1_024, 4_096, 1_024],
  1024: [2_048, 8_192, 1_024],
  2048: [4_096, 16_384, 1_024],
  4096: [8_192, 30_720, 1_024],
  8192: [16_384, 61_440, 4_096],
  16384: [32_768, 122_880, 8_192],
};
export const FARGATE_SIZE_WORDS =
  'Fargate has no task of this CPU and memory: 256 with 512, 1024 or 2048; 512 with 1024 to ' +
  '4096; 1024 with 2048 to 8192, in steps of 1024';

/** Where the exporter beside an application listens. */
export const EXPORTER_PORT = 9_779;

export interface TaskSize {
  readonly cpu: number;
  readonly memory: number;
}

export function isFargateSize({ cpu, memory }: TaskSize): boolean {
  const [from, to, step] = FARGATE_SIZES[cpu] ?? [1, 0, 1];
  if (cpu === 256) return [512, 1_024, 2_048].includes(memory);
  return memory >= from && memory <= to && memory % step === 0;
}

/** Why it is no place for a collector, and what is done there instead. */
const NO_APP_RUNNER =
  'App Runner takes CPU away between requests and has no disk that stays, so nothing is scraped ' +
  'and what waits is lost: run the collector on fargate, and let applications on App Runner be ' +
  'its targets or push to it (docs/how-to/deploy-collector.md)';

/** What a hand-over may take (LEAVE_MS of the membership, and a flush), with room to send. */
const HAND_OVER_SECONDS = 10;

const keysSchema = z.strictObject({
  mode: z
    .enum(['central', 'daemon', 'sidecar'])
    .default('central')
    .describe(
      'central: a service that keeps `count` tasks; daemon: one task on each instance, which ' +
        'share the targets (launch: ec2), or on each machine, which do not (launch: external); ' +
        'sidecar: a container in each task of `services`, which scrapes that task.',
    ),
  launch: z
    .enum(['fargate', 'ec2', 'managed', 'external'], {
      error: ({ input }) => (input === 'app-runner' ? NO_APP_RUNNER : undefined),
    })
    .default('fargate')
    .describe(
      'What it runs on. ec2: instances of the cluster; managed: instances that ECS chooses, ' +
        'starts and patches (ECS Managed Instances); external: machines of yours, outside of AWS ' +
        '(ECS Anywhere).',
    ),
  architecture: z
    .enum(['arm64', 'x86_64'])
    .default('arm64')
    .describe('Processor of the tasks, those of `services` too.'),
  cpu: z
    .int()
    .min(128)
    .optional()
    .describe(
      'CPU units of its task, 256 by default; 1,024 are one processor. Of a sidecar: its share ' +
        "of the service's task; without it, what the application leaves.",
    ),
  memory: z
    .int()
    .min(128)
    .optional()
    .describe(
      'Memory of its task in MiB, 512 by default. Of a sidecar: the most that it may have of ' +
        "the service's task; without it, what the task has.",
    ),
  count: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Collectors that share the targets; above 1 they agree on them (--shard ecs).'),
  spot: switchSchema
    .default(false)
    .describe(
      "Runs it on Fargate Spot, which AWS ends at two minutes' notice or none. A cluster that is " +
        'there must have the capacity provider FARGATE_SPOT.',
    ),
  pair: switchSchema
    .default(false)
    .describe('Two services that collect the same, told apart by AMP (cluster, __replica__).'),
  queue: z
    .enum(['efs', 'ephemeral', 'host'])
    .default('ephemeral')
    .describe(
      'Where samples wait. ephemeral: lost with the task; efs: kept for the next task, which ' +
        'starts when the old one has ended, or where several share the targets, for those that ' +
        'are left; host: kept on the instance or machine (launch: ec2 or external).',
    ),
  configuration: z
    .string()
    .optional()
    .meta({
      description:
        'Configuration of the collector: a file beside this one, which is put into SSM, or a ' +
        'source that it reads itself (s3://…, ssm:…). In a file, WORKSPACE and REGION in a ' +
        'URL of AMP are filled in. Without it: one is made of `services` and `discovery`.',
      examples: ['prometheus.yml', 's3://my-bucket/prometheus.yml'],
    }),
  environment: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of a variable'), z.string())
    .default({})
    .meta({
      description:
        'Variables of the collector, for ${env:NAME} in `configuration`. They stand in the ' +
        'template: a secret belongs into a configuration that is read from Secrets Manager.',
      examples: [{ CLUSTER_NAME: 'prod' }],
    }),
  stop_timeout: z
    .int()
    .min(2)
    .max(120)
    .default(60)
    .describe('Seconds from SIGTERM to SIGKILL, in which what waits is sent.'),
});

export type CollectorModel = z.output<typeof keysSchema>;

/** The size of its own task. */
export function sizeOfTask({ cpu = 256, memory = 512 }: CollectorModel): TaskSize {
  return { cpu, memory };
}

interface Rule {
  readonly at: keyof CollectorModel;
  readonly isBroken: (one: CollectorModel) => boolean;
  readonly error: string;
}

const RULES: readonly Rule[] = [
  {
    at: 'memory',
    isBroken: (one) =>
      one.launch === 'fargate' && one.mode !== 'sidecar' && !isFargateSize(sizeOfTask(one)),
    error: FARGATE_SIZE_WORDS,
  },
  {
    at: 'mode',
    isBroken: ({ mode, launch }) => mode === 'daemon' && launch === 'fargate',
    error: 'a daemon runs on instances: set launch: ec2, or choose central',
  },
  {
    at: 'mode',
    isBroken: ({ mode, launch }) => mode === 'daemon' && launch === 'managed',
    error:
      'a service on managed instances keeps a number of tasks, and has no daemon of its own: ' +
      'choose central, or launch: ec2',
  },
  {
    at: 'launch',
    isBroken: ({ mode, launch }) => mode === 'sidecar' && launch !== 'fargate',
    error: 'a sidecar runs where the services do, on Fargate: leave launch out, or choose central',
  },
  {
    at: 'queue',
    isBroken: ({ mode, queue }) => mode === 'sidecar' && queue !== 'ephemeral',
    error: 'the queue of a sidecar is on its task: leave queue out, or choose central',
  },
  {
    at: 'queue',
    isBroken: ({ mode, queue, launch }) =>
      mode !== 'sidecar' && queue === 'host' && launch === 'fargate',
    error: 'Fargate has no instance of yours: set launch: ec2, or choose efs',
  },
  {
    at: 'queue',
    isBroken: ({ queue, launch }) => queue === 'host' && launch === 'managed',
    error: 'tasks on managed instances have no folder of the instance: choose efs or ephemeral',
  },
  {
    at: 'queue',
    isBroken: ({ queue, launch }) => queue === 'efs' && launch === 'external',
    error: 'machines outside of AWS mount no EFS: choose host',
  },
  {
    at: 'spot',
    isBroken: ({ spot, launch, mode }) => spot && (launch !== 'fargate' || mode !== 'central'),
    error: 'Spot is of tasks on Fargate: launch: fargate and mode: central, or leave spot out',
  },
  {
    at: 'stop_timeout',
    isBroken: ({ count, stop_timeout: seconds }) => count > 1 && seconds < HAND_OVER_SECONDS,
    error:
      'collectors that share targets hand them over before they send the rest: give at least ' +
      `${HAND_OVER_SECONDS} seconds`,
  },
  {
    at: 'queue',
    isBroken: ({ queue, count, mode }) => queue === 'host' && count > 1 && mode === 'central',
    error: 'two collectors on one instance would share a folder: choose mode: daemon, or count: 1',
  },
  {
    at: 'count',
    isBroken: ({ count, mode }) => mode === 'daemon' && count > 1,
    error: 'a daemon has as many tasks as there are instances: leave count out',
  },
  {
    at: 'count',
    isBroken: ({ count, mode }) => mode === 'sidecar' && count > 1,
    error: 'there are as many sidecars as tasks of the services: leave count out',
  },
  {
    at: 'count',
    isBroken: ({ count, mode, launch }) => launch === 'external' && count > 1 && mode === 'central',
    error:
      'collectors agree on who scrapes what by addresses in a VPC, which machines of yours have ' +
      'not: choose mode: daemon with a configuration of its own, or count: 1',
  },
  {
    at: 'configuration',
    isBroken: ({ mode, launch, configuration }) =>
      launch === 'external' && mode === 'daemon' && configuration === undefined,
    error:
      'daemons on machines of yours do not share targets: give a configuration whose targets ' +
      'are of the machine itself, such as localhost:9100',
  },
  {
    at: 'pair',
    isBroken: ({ pair, mode, queue }) => pair && (mode !== 'central' || queue === 'host'),
    error: 'a pair is two central services, each with a queue of its own: mode: central, not host',
  },
];

export const collectorModelSchema = keysSchema
  .superRefine((value, context) => {
    for (const { at, isBroken, error } of RULES)
      if (isBroken(value)) context.addIssue({ code: 'custom', path: [at], message: error });
  })
  .prefault({})
  .describe('The collector.');
