/**
 * The call of the workspace's API that shows a metric of CloudWatch on the web page: what was added
 * up in each period, for each set of values that its dimensions have. Where it comes under several
 * sets of names, as of a rollup, the one with the most names is read: the others hold the same
 * values once more. It asks CloudWatch at each call. Without CloudWatch it answers 404, and how to
 * switch it on.
 * Limits: METRICS_MAX sets of values, PERIODS_MAX periods, PAGES_MAX pages of an answer,
 * CALL_MAX_MS for one call with all of its pages.
 */
import type { HttpRequest } from '../../kernel/http-server.ts';
import { ApiError, type Data } from '../api/answer.ts';
import { refuseForeignPage } from '../api/foreign-page.ts';
import { invalid, parseTime } from '../api/parameters.ts';
import type { ApiCall } from '../api/routes.ts';
import { type CloudWatchApi, metricDataSchema, type MetricPoints, metricsSchema } from './api.ts';

const METRICS_MAX = 100;
const PERIODS_MAX = 1_440;
const PAGES_MAX = 10;
const CALL_MAX_MS = 9_000;
const SPAN_DEFAULT_MS = 300_000;
const MINUTE_MS = 60_000;
const NAME_MAX = 255;

const TRUNCATED = 'results truncated due to limit; not all that CloudWatch has is added up';

const OFF =
  'metrics of CloudWatch are off; start the workspace with --cloudwatch.endpoint ' +
  'http://127.0.0.1:4566 (an emulator) or with --cloudwatch (the CloudWatch of the AWS account)';

export interface MetricCallsOptions {
  /** Undefined where metrics of CloudWatch are off. */
  readonly cloudwatch: CloudWatchApi | undefined;
  readonly nowMs: () => number;
}

export function makeMetricCalls({ cloudwatch, nowMs }: MetricCallsOptions): ApiCall[] {
  const handle = (parameters: URLSearchParams, request: HttpRequest): Promise<Data> => {
    const foreign = refuseForeignPage(request.headers);
    if (foreign !== undefined) throw new ApiError('forbidden', foreign);
    if (cloudwatch === undefined) throw new ApiError('not_found', OFF);
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(CALL_MAX_MS)]);
    return readSums(cloudwatch, readQuestion(parameters, nowMs()), signal);
  };
  return [{ path: 'cloudwatch/sums', methods: ['GET'], isPublic: false, handle }];
}

interface Question {
  readonly namespace: string;
  readonly metric: string;
  /** The beginning of a minute, as CloudWatch has its periods. */
  readonly startMs: number;
  readonly endMs: number;
}

function readQuestion(parameters: URLSearchParams, nowMs: number): Question {
  const endMs = parseTime(parameters, 'end', nowMs);
  const askedMs = parseTime(parameters, 'start', endMs - SPAN_DEFAULT_MS);
  if (endMs <= askedMs) throw invalid('end', 'end timestamp must be after start time');
  return {
    namespace: readName(parameters, 'namespace'),
    metric: readName(parameters, 'metric'),
    startMs: askedMs - (askedMs % MINUTE_MS),
    endMs,
  };
}

function readName(parameters: URLSearchParams, parameter: string): string {
  const name = parameters.get(parameter) ?? '';
  if (name !== '' && name.length <= NAME_MAX) return name;
  throw invalid(parameter, `it must have 1 to ${NAME_MAX} characters, and has ${name.length}`);
}

type Dimensions = readonly { readonly Name: string; readonly Value: string }[];

async function readSums(
  api: CloudWatchApi,
  question: Question,
  signal: AbortSignal,
): Promise<Data> {
  const { startMs, endMs } = question;
  const listed = await listMetrics(api, question, signal);
  const sets = listed.sets.slice(0, METRICS_MAX);
  const periodS = 60 * Math.ceil((endMs - startMs) / MINUTE_MS / PERIODS_MAX);
  const read =
    sets.length === 0
      ? { points: [], isCut: false }
      : await readPoints(api, { ...question, sets, periodS }, signal);
  const series = sets.map((set, index) => ({
    dimensions: Object.fromEntries(set.map(({ Name, Value }) => [Name, Value])),
    points: read.points[index] ?? [],
  }));
  const isCut = listed.isCut || read.isCut || listed.sets.length > METRICS_MAX;
  const json = JSON.stringify({ startS: startMs / 1_000, periodS, series });
  return { json, warnings: isCut ? [TRUNCATED] : [] };
}

async function listMetrics(
  api: CloudWatchApi,
  { namespace, metric }: Question,
  signal: AbortSignal,
): Promise<{ sets: readonly Dimensions[]; isCut: boolean }> {
  const question = { Namespace: namespace, MetricName: metric };
  const sets: Dimensions[] = [];
  let token = '';
  let pages = 0;
  do {
    const body = token === '' ? question : { ...question, NextToken: token };
    const page = await api.call('ListMetrics', body, metricsSchema, signal);
    sets.push(...page.metrics);
    token = page.nextToken;
    pages += 1;
  } while (token !== '' && pages < PAGES_MAX);
  return { sets: chooseFinest(sets), isCut: token !== '' };
}

/** Those with the same names as the set that has the most. */
function chooseFinest(sets: readonly Dimensions[]): readonly Dimensions[] {
  const namesOf = (set: Dimensions): string =>
    JSON.stringify(set.map(({ Name }) => Name).toSorted());
  const [finest] = sets.toSorted((a, b) => b.length - a.length);
  return finest === undefined ? [] : sets.filter((set) => namesOf(set) === namesOf(finest));
}

interface PointsQuestion extends Question {
  readonly sets: readonly Dimensions[];
  readonly periodS: number;
}

/** The points of each set of dimensions, in its place, in order of time. */
async function readPoints(
  api: CloudWatchApi,
  { namespace, metric, startMs, endMs, sets, periodS }: PointsQuestion,
  signal: AbortSignal,
): Promise<{ points: readonly MetricPoints[]; isCut: boolean }> {
  const question = {
    StartTime: startMs / 1_000,
    EndTime: endMs / 1_000,
    ScanBy: 'TimestampAscending',
    MetricDataQueries: sets.map((Dimensions, index) => ({
      Id: `m${index}`,
      MetricStat: {
        Metric: { Namespace: namespace, MetricName: metric, Dimensions },
        Period: periodS,
        Stat: 'Sum',
      },
    })),
  };
  const points = sets.map((): (readonly [number, number])[] => []);
  let token = '';
  let pages = 0;
  do {
    const body = token === '' ? question : { ...question, NextToken: token };
    const page = await api.call('GetMetricData', body, metricDataSchema, signal);
    for (const { id, points: more } of page.results) points[Number(id.slice(1))]?.push(...more);
    token = page.nextToken;
    pages += 1;
  } while (token !== '' && pages < PAGES_MAX);
  return { points, isCut: token !== '' };
}
