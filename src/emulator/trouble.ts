/**
 * Makes calls fail on command: by AWS's token buckets, and by faults for a share of the calls of an
 * action. Sources of the buckets:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html,
 * https://docs.aws.amazon.com/cloud-map/latest/dg/throttling.html,
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html,
 * https://docs.aws.amazon.com/general/latest/gr/xray.html; the bucket of Cloud Map's lists and the
 * burst of X-Ray's segments are assumptions, since they are not published.
 */
import * as z from 'zod';
import type { Clock } from '../kernel/clock.ts';
import { AwsError, type AwsInput } from './service.ts';

/**
 * Buckets with the number of calls at once, the number of calls a second, and the actions that
 * share them. `service:Action` is for an action whose name several services have. Where a member of
 * the input is named, its items are counted instead of calls.
 */
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
  ec2_read: [
    50,
    10,
    ['DescribeInstances', 'DescribeNetworkInterfaces', 'DescribeAvailabilityZones'],
  ],
  cloud_map: [
    20,
    10,
    [
      'ListNamespaces',
      'ListInstances',
      'GetInstancesHealthStatus',
      // ECS has actions of the same names.
      'servicediscovery:ListServices',
      'servicediscovery:ListTagsForResource',
    ],
  ],
  cloud_map_discovery: [2_000, 1_000, ['DiscoverInstances']],
  cloud_map_revisions: [3_000, 3_000, ['DiscoverInstancesRevision']],
  logs_put: [5_000, 5_000, ['PutLogEvents']],
  logs_groups: [10, 10, ['CreateLogGroup']],
  logs_streams: [50, 50, ['CreateLogStream']],
  xray_segments: [2_600, 2_600, ['PutTraceSegments'], 'TraceSegmentDocuments'],
} as const satisfies Record<string, BucketLimits>;

/** Actions whose items can be refused one by one. */
const PARTIAL_ACTIONS: readonly string[] = ['PutTraceSegments', 'OTLP metrics', 'OTLP traces'];

const faultSchema = z
  .strictObject({
    action: z.string().default('*').describe('The action, or * for all.'),
    code: z
      .string()
      .optional()
      .describe("The error that is answered; the service's own for throttling by default."),
    cluster: z.string().optional().describe('Only calls with this cluster.'),
    status: z
      .number()
      .int()
      .optional()
      .describe("400 by default; 429 for X-Ray's ThrottledException."),
    share: z.number().min(0).max(1).default(1).describe('Share of the calls.'),
    how: z
      .enum(['error', 'reset', 'hang', 'empty', 'half', 'malformed', 'partial'])
      .default('error')
      .describe(
        'How the call fails: error answers the code, partial answers it for some documents of ' +
          'PutTraceSegments or items of OTLP, the others break the answer.',
      ),
    documents: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Share of the documents of a call that partial strikes.'),
    skip: z.number().int().min(0).default(0).describe('Calls that succeed first.'),
    count: z.number().int().min(1).optional().describe('Calls that fail, at most.'),
    page: z.number().int().min(1).optional().describe('Only this page of a list, from 1.'),
    containing: z.string().optional().describe('Only calls whose input holds this text.'),
  })
  .refine(
    ({ how, action }) => how !== 'partial' || PARTIAL_ACTIONS.includes(action),
    `partial is for what is judged item by item: ${PARTIAL_ACTIONS.join(', ')}`,
  );
const settingsSchema = z.strictObject({
  faults: z.array(faultSchema).max(100).default([]),
  pageSizes: z
    .record(z.string(), z.number().int().min(1).max(100))
    .default({})
    .describe('Items in a page of a list, at most, by action.'),
  only: z
    .array(z.string())
    .optional()
    .describe('Actions that are allowed, as a policy names them; all others are denied.'),
  throttle: z.number().min(0).default(0).describe("1 for AWS's own buckets, 0 for none."),
  skewMs: z.number().default(0).describe('How far the clock of AWS is ahead, ms.'),
  credentialsToken: z
    .string()
    .optional()
    .describe('The token that callers of the container credentials must send; any if absent.'),
  credentialsStatus: z
    .number()
    .int()
    .default(200)
    .describe('Status of the answers of the container credentials.'),
});

type Settings = z.output<typeof settingsSchema>;
type Fault = Settings['faults'][number];

/** The ways to break an answer, other than an error of AWS. */
export type Break = Exclude<Fault['how'], 'error' | 'partial'>;

/** Which documents of a call are refused, and with which code. */
export interface PartialRefusal {
  readonly code: string;
  /** Asked once for each document in order; exact over the calls that the fault strikes. */
  isNextRefused(): boolean;
}

/** Most list tokens whose page numbers are kept. */
const TOKENS_MAX = 10_000;

export class Trouble {
  readonly #clock: Clock;
  #settings: Settings = settingsSchema.parse({});
  readonly #buckets = new Map<string, { left: number; atMs: number }>();
  /** For each fault the number of calls that matched it, and of those that it struck. */
  #tallies = new Map<Fault, Tally>();
  /** The number of the list page that a token leads to. */
  readonly #pages = new Map<string, number>();
  /** The highest page number that was asked for, by action. */
  readonly pagesSeen = new Map<string, number>();
  /** The number of calls that are now held without an answer. */
  hanging = 0;

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
    this.#buckets.clear();
    this.#tallies = new Map();
    return this.#settings;
  }

  /**
   * Counts a call and decides whether it fails.
   *
   * @param service  the signing name of the service
   * @returns        how to break the answer; undefined for a right answer
   * @throws         AwsError for a call that must fail
   */
  strike(action: string, input: AwsInput, service = ''): Break | undefined {
    const { only } = this.#settings;
    if (only !== undefined && !only.includes(action)) throw denyCall(action, service);
    const page = this.#readPageNumber(input);
    this.pagesSeen.set(action, Math.max(page, this.pagesSeen.get(action) ?? 0));
    for (const fault of this.#settings.faults) {
      if (fault.how === 'partial') continue;
      if (!fits(fault, action, page, input) || !this.#isDue(fault)) continue;
      if (fault.how !== 'error') return fault.how;
      const { code = nameThrottling(action, service) } = fault;
      throw new AwsError(code, `${code} on command`, fault.status ?? statusOf(code, service));
    }
    if (this.#settings.throttle > 0)
      this.#takeTokens(action, input, service, this.#settings.throttle);
    return undefined;
  }

  /**
   * Decides whether some documents of a call are refused, after `strike` let the call through.
   *
   * @returns undefined where none are
   */
  strikeDocuments(action: string, input: AwsInput): PartialRefusal | undefined {
    const fault = this.#settings.faults.find(
      (one) => one.how === 'partial' && fits(one, action, 1, input) && this.#isDue(one),
    );
    if (fault === undefined) return undefined;
    const tally = this.#tallyOf(fault);
    return {
      code: fault.code ?? 'ThrottledException',
      isNextRefused: () => {
        const before = Math.floor(tally.documents * fault.documents);
        tally.documents += 1;
        return Math.floor(tally.documents * fault.documents) > before;
      },
    };
  }

  /** The configured size of a list page; undefined where none is. */
  pageSizeOf(action: string): number | undefined {
    return this.#settings.pageSizes[action];
  }

  /** The input of a list call, with the page size limited to the configured one. */
  limitPage(action: string, input: AwsInput): AwsInput {
    const pageSize = this.pageSizeOf(action);
    if (pageSize === undefined) return input;
    const most = (name: string): number => Math.min(pageSize, Number(input[name] ?? pageSize));
    return {
      ...input,
      maxResults: most('maxResults'),
      MaxResults: most('MaxResults'),
      MaxRecords: most('MaxRecords'),
    };
  }

  /** Keeps the number of the list page that the token of an answer leads to. */
  learnPage(input: AwsInput, output: unknown): void {
    const token = readToken(output);
    if (token === undefined) return;
    if (this.#pages.size >= TOKENS_MAX) this.#pages.clear();
    this.#pages.set(token, this.#readPageNumber(input) + 1);
  }

  #readPageNumber(input: AwsInput): number {
    return this.#pages.get(readToken(input) ?? '') ?? 1;
  }

  #isDue(fault: Fault): boolean {
    const tally = this.#tallyOf(fault);
    tally.fitting += 1;
    if (tally.fitting <= fault.skip || tally.struck >= (fault.count ?? Infinity)) return false;
    if (Math.random() >= fault.share) return false;
    tally.struck += 1;
    return true;
  }

  #tallyOf(fault: Fault): Tally {
    const tally = this.#tallies.get(fault) ?? { fitting: 0, struck: 0, documents: 0 };
    this.#tallies.set(fault, tally);
    return tally;
  }

  #takeTokens(action: string, input: AwsInput, service: string, scale: number): void {
    const found = findBucket(`${service}:${action}`) ?? findBucket(action);
    if (found === undefined) return;
    const [name, [burst, perSecond, , member = '']] = found;
    const items = input[member];
    // A call of more items than the bucket ever holds takes all of it; else it could never pass.
    const cost = Array.isArray(items) ? Math.min(items.length, burst * scale) : 1;
    const atMs = this.#clock.elapsedMs();
    const bucket = this.#buckets.get(name) ?? { left: burst * scale, atMs };
    bucket.left = Math.min(
      burst * scale,
      bucket.left + ((atMs - bucket.atMs) / 1_000) * perSecond * scale,
    );
    bucket.atMs = atMs;
    this.#buckets.set(name, bucket);
    if (bucket.left < cost) {
      const code = nameThrottling(action, service);
      throw new AwsError(code, 'Rate exceeded', statusOf(code, service));
    }
    bucket.left -= cost;
  }
}

interface Tally {
  /** Calls that matched. */
  fitting: number;
  /** Calls that were struck. */
  struck: number;
  /** Documents of the calls that were struck in part. */
  documents: number;
}

type BucketLimits = readonly [
  calls: number,
  perSecond: number,
  actions: readonly string[],
  counted?: string,
];

function findBucket(action: string): [name: string, BucketLimits] | undefined {
  return Object.entries<BucketLimits>(BUCKETS).find(([, [, , actions]]) =>
    actions.includes(action),
  );
}

/** The name of the error by which a service throttles. */
function nameThrottling(action: string, service: string): string {
  if (service === 'ec2' || action.startsWith('DiscoverInstances')) return 'RequestLimitExceeded';
  if (action.startsWith('OTLP ')) return 'ThrottledException';
  if (service === 'rds' || service === 'elasticache') return 'Throttling';
  return service === 'xray' ? 'ThrottledException' : 'ThrottlingException';
}

function statusOf(code: string, service: string): number {
  if (service === 'ec2' && code === 'RequestLimitExceeded') return 503;
  return code === 'ThrottledException' ? 429 : 400;
}

function fits(fault: Fault, action: string, page: number, input: AwsInput): boolean {
  const cluster = typeof input['cluster'] === 'string' ? input['cluster'].split('/').at(-1) : '';
  return (
    (fault.action === '*' || fault.action === action) &&
    (fault.cluster === undefined || fault.cluster === cluster) &&
    (fault.page === undefined || fault.page === page) &&
    (fault.containing === undefined || JSON.stringify(input).includes(fault.containing))
  );
}

/** The error in the way of the service: EC2's calls are forms, whose input names the action. */
function denyCall(action: string, service: string): AwsError {
  const words = `You are not authorized to perform: ${action}`;
  return service === 'ec2'
    ? new AwsError('UnauthorizedOperation', words, 403)
    : new AwsError('AccessDeniedException', words, service === 'xray' ? 403 : 400);
}

function readToken(value: unknown): string | undefined {
  const { nextToken, NextToken, Marker } = value as Readonly<Record<string, unknown>>;
  const token = nextToken ?? NextToken ?? Marker;
  return typeof token === 'string' ? token : undefined;
}
