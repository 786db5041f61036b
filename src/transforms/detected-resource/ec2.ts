/**
 * The detector `ec2`: the instance that the process runs on, by instance metadata, version 2.
 * Fargate has none, so it is not asked there.
 * Source: contrib's processor/resourcedetectionprocessor/internal/aws/ec2/ec2.go
 */
import { openInstanceMetadata, type ReadInstanceMetadata } from '../../aws/instance-metadata.ts';
import type { Clock } from '../../kernel/clock.ts';
import { describeError } from '../../kernel/errors.ts';
import { backoffMs } from '../../kernel/retry.ts';
import type { World } from '../../kernel/world.ts';
import { compileRegex } from '../../relabel/regex.ts';
import type { DetectorSettings } from './settings.ts';
import type { DetectedAttributes } from './transform.ts';
import { parseForeignJson } from '../../kernel/foreign-json.ts';

type Settings = Extract<DetectorSettings, { kind: 'ec2' }>;
type Env = Readonly<Record<string, string | undefined>>;

const TAGS_MAX = 50;
/** The first wait between two attempts; each is twice the one before. */
const BACKOFF_MIN_MS = 1_000;

/** @throws  where metadata are there and not whole, or must be there and are not */
export async function detectEc2(
  settings: Settings,
  world: Pick<World, 'http' | 'log' | 'clock'>,
  env: Env,
  signal: AbortSignal,
): Promise<DetectedAttributes> {
  const { mustBeThere, tags } = settings;
  const { http, log } = world;
  if (env['AWS_EXECUTION_ENV'] === 'AWS_ECS_FARGATE') {
    log.info('the detector ec2 is skipped: a task on Fargate has no instance metadata');
    return new Map();
  }
  let read: ReadInstanceMetadata;
  try {
    const open = () => openInstanceMetadata(http, env, signal);
    read = await openWithin(settings, open, world.clock, signal);
  } catch (error) {
    if (mustBeThere || signal.aborted) throw error;
    log.info('the detector ec2 finds nothing: there are no instance metadata for it here', {
      error: describeError(error),
    });
    return new Map();
  }
  const text = await read('dynamic/instance-identity/document', signal);
  const document = parseForeignJson(text) as Readonly<Record<string, unknown>>;
  const of = (key: string): string => {
    const value = document[key];
    return typeof value === 'string' ? value : '';
  };
  return new Map([
    ['cloud.provider', 'aws'],
    ['cloud.platform', 'aws_ec2'],
    ['cloud.region', of('region')],
    ['cloud.account.id', of('accountId')],
    ['cloud.availability_zone', of('availabilityZone')],
    ['host.id', of('instanceId')],
    ['host.image.id', of('imageId')],
    ['host.type', of('instanceType')],
    ['host.name', await read('meta-data/hostname', signal)],
    ...(await readTags(tags, read, signal)),
  ]);
}

async function openWithin<T>(
  { attemptsMax, maxBackoffMs }: Settings,
  open: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const backoff = { minMs: Math.min(BACKOFF_MIN_MS, maxBackoffMs), maxMs: maxBackoffMs };
  for (let attempt = 1; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (attempt === attemptsMax || signal.aborted) throw error;
    }
    await clock.sleep(backoffMs(backoff, attempt, Math.random()), signal);
  }
}

async function readTags(
  wanted: readonly string[],
  read: ReadInstanceMetadata,
  signal: AbortSignal,
): Promise<[string, string][]> {
  if (wanted.length === 0) return [];
  // A regular expression of the Collector's matches anywhere in a key.
  const expressions = wanted.map((one) => compileRegex(`(?:.*(?:${one}).*)`));
  const keys = (await read('meta-data/tags/instance', signal))
    .split('\n')
    .map((key) => key.trim())
    .filter((key) => expressions.some((expression) => expression.test(key)));
  const found: [string, string][] = [];
  for (const key of keys.slice(0, TAGS_MAX))
    found.push([`ec2.tag.${key}`, await read(`meta-data/tags/instance/${key}`, signal)]);
  return found;
}
