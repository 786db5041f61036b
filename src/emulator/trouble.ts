/**
 * What goes wrong with calls on command: AWS's token buckets, and faults for a share of the calls of an action.
 * Buckets: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
 */
import { z } from 'zod';
import type { Clock } from '../kernel/clock.ts';
import { AwsError, type AwsInput } from './service.ts';

/** Actions that share a bucket: how many calls at once, and how many a second. */
const BUCKETS = {
  cluster_read: [50, 20, ['DescribeClusters', 'ListClusters']],
  task_definition_read: [50, 20, ['DescribeTaskDefinition']],
  cluster_resource_read: [
    100,
    20,
    ['ListTasks', 'DescribeTasks', 'DescribeContainerInstances', 'ListContainerInstances'],
  ],
  service_read: [100, 20, ['ListServices', 'DescribeServices']],
  tag_read: [50, 20, ['ListTagsForResource']],
  cloud_map: [20, 10, ['ListNamespaces', 'ListInstances']],
} as const satisfies Record<string, readonly [number, number, readonly string[]]>;

const faultSchema = z.strictObject({
  action: z.string().default('*').describe('Of the call, or * for all.'),
  code: z.string().default('ThrottlingException').describe('The error that is answered.'),
  cluster: z.string().optional().describe('Only of this cluster.'),
  status: z.number().int().default(400),
  share: z.number().min(0).max(1).default(1).describe('Of the calls.'),
});
const settingsSchema = z.strictObject({
  faults: z.array(faultSchema).max(100).default([]),
  throttle: z.number().min(0).default(0).describe("1 for AWS's own buckets, 0 for none."),
  skewMs: z.number().default(0).describe('How far the clock of AWS is ahead.'),
  credentialsToken: z
    .string()
    .optional()
    .describe('That callers of the container credentials must show; any or none when absent.'),
  credentialsStatus: z.number().int().default(200).describe('Of the container credentials.'),
});

type Settings = z.output<typeof settingsSchema>;

export class Trouble {
  readonly #clock: Clock;
  #settings: Settings = settingsSchema.parse({});
  readonly #tokens = new Map<string, { left: number; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get skewMs(): number {
    return this.#settings.skewMs;
  }

  get credentialsStatus(): number {
    return this.#settings.credentialsStatus;
  }

  get credentialsToken(): string | undefined {
    return this.#settings.credentialsToken;
  }

  /** @throws ZodError */
  set(settings: unknown): Settings {
    this.#settings = settingsSchema.parse(settings);
    this.#tokens.clear();
    return this.#settings;
  }

  /** @throws AwsError for a call that is to fail */
  strike(action: string, input: AwsInput): void {
    const cluster = typeof input['cluster'] === 'string' ? input['cluster'].split('/').at(-1) : '';
    for (const fault of this.#settings.faults) {
      if (fault.action !== '*' && fault.action !== action) continue;
      if (fault.cluster !== undefined && fault.cluster !== cluster) continue;
      if (Math.random() < fault.share)
        throw new AwsError(fault.code, `${fault.code} on command`, fault.status);
    }
    if (this.#settings.throttle > 0) this.#takeToken(action, this.#settings.throttle);
  }

  #takeToken(action: string, scale: number): void {
    const found = Object.entries(BUCKETS).find(([, [, , actions]]) =>
      (actions as readonly string[]).includes(action),
    );
    if (found === undefined) return;
    const [name, [burst, perSecond]] = found;
    const nowMs = this.#clock.nowMs();
    const bucket = this.#tokens.get(name) ?? { left: burst * scale, atMs: nowMs };
    bucket.left = Math.min(
      burst * scale,
      bucket.left + ((nowMs - bucket.atMs) / 1_000) * perSecond * scale,
    );
    bucket.atMs = nowMs;
    this.#tokens.set(name, bucket);
    if (bucket.left < 1) throw new AwsError('ThrottlingException', 'Rate exceeded');
    bucket.left -= 1;
  }
}
