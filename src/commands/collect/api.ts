/**
 * The collector's HTTP API: targets, dropped targets, metadata, relabelling steps and the
 * collector's own status. The answers have the shape of Prometheus' API, so that Grafana and
 * scripts for Prometheus work here too.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/#targets
 */
import { hostname } from 'node:os';
import * as z from 'zod';
import { DEADLINE_MAX_MS, type TaskSourceStatus } from '../../exporter/task-source.ts';
import type { Moment } from '../../kernel/clock.ts';
import { type HttpRequest, type HttpResponse, type Route } from '../../kernel/http-server.ts';
import { describeError } from '../../kernel/errors.ts';
import { runGivingWay } from '../../kernel/giving-way.ts';
import { HttpError } from '../../kernel/http-error.ts';
import type { ReceiverStatus } from '../../kernel/receiver-status.ts';
import type { World } from '../../kernel/world.ts';
import { formatDurationMs } from '../../model/duration.ts';
import type { LabelSet } from '../../model/labels.ts';
import type { SeriesMetadata } from '../../model/sample.ts';
import { relabelSteps } from '../../relabel/steps.ts';
import type { ScrapeConfig } from '../../scrape/config.ts';
import type { ScrapeManager } from '../../scrape/manager.ts';
import type { TargetStatus } from '../../scrape/pool.ts';
import type { SharingStatus } from '../../sharding/sharing.ts';
import { QueryError } from '../../workspace/promql/errors.ts';
import { compileMatchers } from '../../workspace/promql/matcher.ts';
import { parseSelectorText } from '../../workspace/promql/selector-parser.ts';
import { VERSION } from '../version.ts';
import type { TaskSources } from './task-sources.ts';

export interface ApiOptions {
  readonly world: World;
  readonly scrape: ScrapeManager;
  readonly tasks: TaskSources;
  readonly receivers: () => readonly ReceiverStatus[];
  /** How collectors divide the targets; undefined where this one has all. */
  readonly sharing?: () => SharingStatus | undefined;
  readonly configs: () => readonly ScrapeConfig[];
  /** The configuration's text without its secrets. */
  readonly configText: () => Promise<string>;
  readonly reloadedAtMs: () => number;
  readonly isReloadGood: () => boolean;
  /** The values of all flags, given or default, by name. */
  readonly flags: Readonly<Record<string, string>>;
}

/** A request that cannot be answered; its message says what is wrong with it. */
class BadRequest extends Error {}

type JsonAnswer = (query: URLSearchParams) => unknown;

const JSON_TYPE = { 'content-type': 'application/json' };

export function createApiRoutes(options: ApiOptions): Route[] {
  const { scrape, world } = options;
  const startMs = world.clock.nowMs();
  const answers: Readonly<Record<string, JsonAnswer>> = {
    targets: (query) => runGivingWay(describeTargets(options, query)),
    'targets/metadata': (query) => listTargetMetadata(scrape, query),
    'targets/relabel_steps': (query) => traceRelabelling(options, query),
    scrape_pools: () => ({ scrapePools: options.configs().map(({ id }) => id) }),
    metadata: (query) => listMetadata(scrape, query),
    'status/receivers': () => ({ receivers: options.receivers().map(describeReceiver) }),
    'status/config': async () => ({ yaml: await options.configText() }),
    'status/flags': () => options.flags,
    'status/buildinfo': () => describeBuild(),
    'status/runtimeinfo': () => describeRuntime(options, startMs),
  };
  return Object.entries(answers).flatMap(([path, answer]) =>
    (['GET', 'POST'] as const).map((method) => ({
      method,
      path: `/api/v1/${path}`,
      handle: (request: HttpRequest) => respond(request, answer, world),
    })),
  );
}

async function respond(
  request: HttpRequest,
  answer: JsonAnswer,
  world: World,
): Promise<HttpResponse> {
  try {
    const query = new URLSearchParams(request.query);
    if (request.method === 'POST')
      for (const [name, value] of new URLSearchParams((await request.body()).toString()))
        query.append(name, value);
    const body = JSON.stringify({ status: 'success', data: await answer(query) });
    return { status: 200, headers: JSON_TYPE, body };
  } catch (error) {
    // The body is too long, or no gzip.
    if (error instanceof HttpError) throw error;
    const isBad = error instanceof BadRequest;
    if (!isBad) world.log.error('an API request failed', { path: request.path, error });
    const errorType = isBad ? 'bad_data' : 'internal';
    const body = JSON.stringify({ status: 'error', errorType, error: describeError(error) });
    return { status: isBad ? 400 : 500, headers: JSON_TYPE, body };
  }
}

/** Thousands of targets take longer than a turn of the event loop should. */
function* describeTargets(
  options: ApiOptions,
  query: URLSearchParams,
): Generator<undefined, unknown, undefined> {
  const { scrape, tasks } = options;
  const state = (query.get('state') ?? 'any').toLowerCase();
  const pool = query.get('scrapePool') ?? '';
  const isWanted = (job: string): boolean => pool === '' || job === pool;
  const droppedByJob = [...scrape.droppedTargets()].filter(([job]) => isWanted(job));
  const showsActive = state === 'any' || state === 'active';
  const showsDropped = state === 'any' || state === 'dropped';
  const members = options.sharing?.()?.members;
  const activeTargets: unknown[] = [];
  for (const status of showsActive ? scrape.targets() : []) {
    if (!isWanted(status.job)) continue;
    activeTargets.push(describeActiveTarget(status));
    yield;
  }
  if (showsActive)
    for (const status of tasks.statuses)
      if (isWanted(status.id)) activeTargets.push(describeTaskSource(status, tasks.endpoint ?? ''));
  return {
    activeTargets,
    droppedTargets: showsDropped
      ? droppedByJob.flatMap(([job, { labels }]) =>
          labels.map((set) => ({ discoveredLabels: toRecord(set), scrapePool: job })),
        )
      : [],
    // Of Amperage alone: who has those that are not here.
    ...(members === undefined ? {} : { collectors: members }),
    droppedTargetCounts: showsDropped
      ? Object.fromEntries([...scrape.droppedTargets()].map(([job, { count }]) => [job, count]))
      : null,
  };
}

function describeActiveTarget(status: TargetStatus): unknown {
  const { job, target } = status;
  return {
    discoveredLabels: toRecord(target.discoveredLabels),
    labels: toRecord(target.labels),
    scrapePool: job,
    scrapeUrl: maskPassword(target.url),
    globalUrl: makeGlobalUrl(target.url),
    lastError: status.lastError,
    lastScrape: formatScrapeTime(status.last),
    lastScrapeDuration: status.lastDurationMs / 1_000,
    health: status.health,
    scrapeInterval: formatDurationMs(target.intervalMs),
    scrapeTimeout: formatDurationMs(target.timeoutMs),
  };
}

/** A source of task metrics, as a target of the endpoint that it reads. */
function describeTaskSource(status: TaskSourceStatus, url: string): unknown {
  return {
    discoveredLabels: {},
    labels: {},
    scrapePool: status.id,
    scrapeUrl: url,
    globalUrl: url,
    lastError: status.lastError,
    lastScrape: formatScrapeTime(status.last),
    lastScrapeDuration: status.lastDurationMs / 1_000,
    health: status.health,
    scrapeInterval: formatDurationMs(status.intervalMs),
    scrapeTimeout: formatDurationMs(Math.min(DEADLINE_MAX_MS, status.intervalMs)),
  };
}

/** A receiver of what others send; their number is that of the configuration. */
function describeReceiver({ last, ...status }: ReceiverStatus): unknown {
  return { ...status, lastReceived: formatScrapeTime(last) };
}

function formatScrapeTime(at: Moment | undefined): string {
  return at === undefined ? '0001-01-01T00:00:00Z' : new Date(at.wallMs).toISOString();
}

/** The URL with the name of this machine for a loopback address, so that others can reach it. */
function makeGlobalUrl(text: string): string {
  const url = new URL(maskPassword(text));
  if (['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) url.hostname = hostname();
  return url.href;
}

function maskPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== '') url.password = 'xxxxx';
  return url.href;
}

function listTargetMetadata(scrape: ScrapeManager, query: URLSearchParams): unknown {
  const limit = readNumber(query, 'limit');
  const metric = query.get('metric') ?? '';
  const matches = makeMatcher(query.get('match_target') ?? '');
  const rows: unknown[] = [];
  for (const status of scrape.targets()) {
    if (!matches(status.target.labels)) continue;
    const target = toRecord(status.target.labels);
    for (const [name, told] of status.metadata) {
      if (metric !== '' && name !== metric) continue;
      if (limit >= 0 && rows.length >= limit) return rows;
      // Prometheus leaves the name out too when one metric is asked for.
      rows.push({ target, ...(metric === '' ? { metric: name } : {}), ...pickMetadata(told) });
    }
  }
  return rows;
}

function listMetadata(scrape: ScrapeManager, query: URLSearchParams): unknown {
  const limit = readNumber(query, 'limit');
  const perMetric = readNumber(query, 'limit_per_metric');
  const only = query.get('metric') ?? '';
  const found = new Map<string, Map<string, unknown>>();
  for (const status of scrape.targets()) {
    for (const [name, told] of status.metadata) {
      if (only !== '' && name !== only) continue;
      const known = found.get(name) ?? new Map<string, unknown>();
      if (!found.has(name) && limit >= 0 && found.size >= limit) continue;
      found.set(name, known);
      const entry = pickMetadata(told);
      if (perMetric <= 0 || known.size < perMetric) known.set(JSON.stringify(entry), entry);
    }
  }
  return Object.fromEntries([...found].map(([name, entries]) => [name, [...entries.values()]]));
}

function pickMetadata({ type, help, unit }: SeriesMetadata): SeriesMetadata {
  return { type, help, unit };
}

/** The relabelling of a target, rule by rule. */
function traceRelabelling({ configs }: ApiOptions, query: URLSearchParams): unknown {
  const pool = query.get('scrapePool') ?? '';
  const config = configs().find(({ id }) => id === pool);
  if (config === undefined) throw new BadRequest(`there is no scrape pool ${JSON.stringify(pool)}`);
  const labels = Object.entries(readLabels(query.get('labels') ?? ''));
  return {
    steps: relabelSteps(labels, config.relabelRules).map(({ rule, labels: after, isKept }) => ({
      rule: {
        source_labels: rule.sourceLabels,
        separator: rule.separator,
        regex: rule.regex.source,
        modulus: rule.modulus,
        target_label: rule.targetLabel,
        replacement: rule.replacement,
        action: rule.action,
      },
      output: toRecord(after),
      keep: isKept,
    })),
  };
}

const labelsSchema = z.record(z.string(), z.string());

function readLabels(json: string): Readonly<Record<string, string>> {
  try {
    return labelsSchema.parse(JSON.parse(json));
  } catch (error) {
    throw new BadRequest(
      'parameter "labels" must be a JSON object of the discovered labels, whose values are strings',
      { cause: error },
    );
  }
}

function describeBuild(): unknown {
  return {
    version: VERSION,
    revision: '',
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: `node ${process.version}`,
  };
}

function describeRuntime(options: ApiOptions, startMs: number): unknown {
  const { world, scrape } = options;
  return {
    startTime: new Date(startMs).toISOString(),
    CWD: process.cwd(),
    hostname: hostname(),
    serverTime: new Date(world.clock.nowMs()).toISOString(),
    reloadConfigSuccess: options.isReloadGood(),
    lastConfigTime: new Date(options.reloadedAtMs()).toISOString(),
    corruptionCount: 0,
    goroutineCount: scrape.targets().length,
    GOMAXPROCS: 1,
    GOMEMLIMIT: 0,
    GOGC: '',
    GODEBUG: '',
    storageRetention: '',
  };
}

function toRecord(labels: LabelSet): Record<string, string> {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

function readNumber(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text === null || text === '') return -1;
  if (!/^-?\d+$/.test(text)) throw new BadRequest(`parameter "${name}" must be a number`);
  return Number(text);
}

/** Compiling a longer regular expression can hold up the event loop for seconds. */
const SELECTOR_MAX = 500;

/** Compiles a selector such as `{job="a",instance=~"b.*"}`; an empty text matches all targets. */
function makeMatcher(text: string): (labels: LabelSet) => boolean {
  if (text === '') return () => true;
  if (text.length > SELECTOR_MAX)
    throw new BadRequest(`match_target is longer than ${SELECTOR_MAX} characters; shorten it`);
  try {
    return compileMatchers(parseSelectorText(text));
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new BadRequest(`match_target ${JSON.stringify(text)} is no selector: ${error.message}`);
  }
}
