/**
 * The emulator: one HTTP server that speaks AWS's own protocols, so that the official SDK works
 * with it unchanged. It verifies the signature of every API call. It also serves the container
 * credentials endpoint, instance metadata and the task metadata endpoint, which take no signature
 * on AWS either, and, for this machine only, an admin side below `/_emulator/`.
 */
import { isAwsHost } from '../aws/endpoints.ts';
import type { AwsCredentials } from '../aws/signing.ts';
import { type Verification, verifyRequest } from '../aws/verification.ts';
import type { Clock } from '../kernel/clock.ts';
import { type HttpRequest, type HttpResponse, HttpServer } from '../kernel/http-server.ts';
import type { Registry } from '../kernel/metrics.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import type { World } from '../kernel/world.ts';
import { EmulatedAccount } from './account.ts';
import { adminRoutes } from './admin-routes.ts';
import { breakAnswer } from './broken-answers.ts';
import { createCloudMap } from './cloud-map/api.ts';
import { createCloudWatch } from './cloudwatch/api.ts';
import { containerCredentialsRoute } from './container-credentials.ts';
import { createEcs } from './ecs/api.ts';
import { instanceMetadataRoutes } from './instance-metadata.ts';
import { answerJson, dateHeader, json } from './json-protocol.ts';
import { answerForm } from './form-protocol.ts';
import { createKafka } from './kafka.ts';
import { createLogs } from './logs/api.ts';
import { createParameterStore } from './parameters.ts';
import { answerQuery } from './query-protocol.ts';
import { otlpRoute } from './otlp-protocol.ts';
import { restGetRoutes, restRoutes } from './rest-json-protocol.ts';
import { rpcCborRoute } from './rpc-cbor-protocol.ts';
import { renderS3Error } from './s3.ts';
import { createSecretsManager } from './secrets.ts';
import { AwsError, type JsonService } from './service.ts';
import { TaskRegistry } from './task-metadata.ts';
import { createXray } from './xray/api.ts';
import { createOtlpTraces } from './xray/otlp-endpoint.ts';

export interface EmulatorOptions {
  readonly world: World;
  readonly listen: string;
  readonly region: string;
  /** The long-lived keys that the emulator accepts. */
  readonly credentials: AwsCredentials;
  /** The account with its clusters, instances and queues; a new one by default. */
  readonly account?: EmulatedAccount;
  /** How long container credentials are valid, ms; six hours by default. */
  readonly credentialsLifetimeMs?: number;
  /** Names of the public DNS by which it is asked for, beside those of AWS. */
  readonly allowedHosts?: readonly string[];
}

/** Six hours, as in ECS. */
const CREDENTIALS_LIFETIME_MS = 6 * 3_600_000;

/** Of CloudWatch's answers in XML. */
const CLOUDWATCH_NAMESPACE = 'http://monitoring.amazonaws.com/doc/2010-08-01/';

export function createEmulator(options: EmulatorOptions): HttpServer {
  const { world, region } = options;
  const tasks = new TaskRegistry(world.clock, region);
  const account = options.account ?? new EmulatedAccount(region, world.clock, options.credentials);
  const { identities, trouble } = account;
  const lifetimeMs = options.credentialsLifetimeMs ?? CREDENTIALS_LIFETIME_MS;
  const nowMs = (): number => world.clock.nowMs() + trouble.skewMs;
  const services = jsonServices(region, world.clock, account);
  account.ownCall = async (signingName, action, input) => {
    const service = services.find((one) => one.signingName === signingName);
    return (await service?.actions[action]?.(input, {})) as Record<string, unknown>;
  };
  account.onFailure = (words, error) => world.log.warn(words, { error });
  const cloudWatch = createCloudWatch(account.cloudWatch, nowMs);
  const calls = world.metrics.counters('emulator_calls_total', 'AWS calls, by action and outcome.');

  const verify = async (request: HttpRequest, service: string): Promise<Verification> =>
    verifyRequest(
      {
        method: request.method,
        path: request.path,
        query: request.query,
        rawHeaders: request.rawHeaders,
        // A signature is of the bytes as they were sent, gzip or not.
        body: await request.bytes(),
      },
      {
        lookup: (id) => identities.find(id, nowMs()),
        nowMs: nowMs(),
        service,
        region,
      },
    );
  const hosts = knownHosts('--web.allowed-host', options.allowedHosts);
  const edges = { verify, trouble, nowMs };

  const kafka = createKafka(account.kafka);
  const xray = createXray(account.xray, { nowMs, trouble });
  exposeXray(account, world.metrics);
  exposeCloudWatch(account, world.metrics);

  const count = async (
    action: string,
    isKnown: boolean,
    answer: () => Promise<HttpResponse>,
  ): Promise<HttpResponse> => {
    account.count(action);
    const response = await answer();
    const outcome = response.status === 200 ? 'ok' : 'error';
    calls.with({ action: isKnown ? action : 'unknown', outcome }).inc();
    return response;
  };

  const callJson = (request: HttpRequest, target: string): Promise<HttpResponse> => {
    const [prefix = '', action = ''] = target.split('.');
    const service = services.find((known) => known.target === prefix);
    const isKnown = service !== undefined && Object.hasOwn(service.actions, action);
    return count(action, isKnown, () => answerJson(request, service, action, edges));
  };

  /** Of the services that speak the query protocol CloudWatch is known by its signature. */
  const callForm = async (request: HttpRequest): Promise<HttpResponse> => {
    if (!/\/monitoring\/aws4_request/.test(request.headers.authorization ?? ''))
      return answerQuery(request, account, edges);
    const action = new URLSearchParams((await request.body()).toString()).get('Action') ?? '';
    const call = { action, namespace: CLOUDWATCH_NAMESPACE };
    return count(action, Object.hasOwn(cloudWatch.actions, action), () =>
      answerForm(request, cloudWatch, call, edges),
    );
  };

  const callObjects = async (request: HttpRequest): Promise<HttpResponse> => {
    const headers = { 'content-type': 'application/xml', ...dateHeader(trouble, nowMs()) };
    try {
      const action = `S3 ${request.method}`;
      account.count(action);
      const verdict = await verify(request, 's3');
      if (!verdict.ok) throw new AwsError(translateCode(verdict.code), verdict.message, 403);
      const how = trouble.strike(action, {});
      return await breakAnswer(how, request, trouble, () => account.objects.answer(request));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { status: error.status, headers, body: renderS3Error(error) };
    }
  };

  const server: HttpServer = new HttpServer({
    name: 'emulate',
    isToldElsewhere: true,
    listen: options.listen,
    strangers: { ...hosts, isKnownHost: (name) => hosts.isKnownHost(name) || isAwsHost(name) },
    log: world.log,
    metrics: world.metrics,
    routes: [
      {
        method: 'POST',
        path: '/',
        handle: (request) => {
          const target = request.headers['x-amz-target'];
          return typeof target === 'string' ? callJson(request, target) : callForm(request);
        },
      },
      containerCredentialsRoute({ identities, trouble, lifetimeMs, nowMs }),
      ...instanceMetadataRoutes({ region, identities, lifetimeMs, nowMs, startedMs: nowMs() }),
      {
        method: 'GET',
        path: '/v4/*',
        handle: ({ path }) => {
          const match = /^\/v4\/([^/]+)(.*)$/.exec(path);
          const answer = tasks.answer(match?.[1] ?? '', match?.[2] ?? '');
          return answer === undefined
            ? { status: 404, body: 'no container or path of this name\n' }
            : json(200, answer);
        },
      },
      ...adminRoutes(account, tasks, nowMs),
      ...restRoutes(xray, edges, (action, answer) =>
        count(action, Object.hasOwn(xray.actions, action), answer),
      ),
      ...restGetRoutes(kafka, edges, (action, answer) => count(action, true, answer)),
      rpcCborRoute(cloudWatch, edges, (action, answer) =>
        count(action, Object.hasOwn(cloudWatch.actions, action), answer),
      ),
      ...[account.cloudWatch.otlp, createOtlpTraces(account.xray, nowMs)].map((endpoint) =>
        otlpRoute(endpoint, edges, (action, answer) => count(action, true, answer)),
      ),
      // All other paths are buckets and objects of S3.
      { method: 'ANY', path: '/*', handle: callObjects },
    ],
  });
  account.urlOf = () => server.url;
  return server;
}

/** The services that speak AWS's JSON protocols. */
export function jsonServices(
  region: string,
  clock: Clock,
  account: EmulatedAccount,
): readonly JsonService[] {
  const nowMs = (): number => clock.nowMs() + account.trouble.skewMs;
  return [
    createCloudMap(region, clock),
    createParameterStore(region, clock),
    createSecretsManager(region, clock),
    createEcs({ ...account, state: account.ecs, services: account.ecsServices }),
    createLogs(account.logs, nowMs),
    createCloudWatch(account.cloudWatch, nowMs),
    account.queues.service(),
  ];
}

/** Metrics of what the emulated CloudWatch and CloudWatch Logs received and keep. */
function exposeCloudWatch({ logs, cloudWatch }: EmulatedAccount, metrics: Registry): void {
  const events = metrics.counters(
    'emulator_logs_events_total',
    'Log events that PutLogEvents got, by what became of them.',
  );
  const dropped = metrics.counter(
    'emulator_cloudwatch_dropped_metrics_total',
    'Metrics that left for newer ones at a limit.',
  );
  const bytes = metrics.gauge('emulator_logs_bytes', 'Bytes of log events that are kept.');
  const kept = metrics.gauge('emulator_cloudwatch_metrics', 'Metrics that are kept.');
  metrics.onCollect(() => {
    bytes.set(logs.store.sizeBytes);
    kept.set(cloudWatch.store.size);
  });
  logs.onCount = (outcome, count) => events.with({ outcome }).inc(count);
  cloudWatch.onDrop = () => dropped.inc();
}

/** Metrics of what the emulated X-Ray received and keeps. */
function exposeXray({ xray }: EmulatedAccount, metrics: Registry): void {
  const documents = metrics.counters(
    'emulator_xray_documents_total',
    'Segment documents that PutTraceSegments got, by what became of them.',
  );
  const dropped = metrics.counter(
    'emulator_xray_dropped_traces_total',
    'Traces that left for newer ones at the limit of traces or bytes.',
  );
  const traces = metrics.gauge('emulator_xray_traces', 'Traces that are kept.');
  const bytes = metrics.gauge('emulator_xray_bytes', 'Bytes of segment documents that are kept.');
  metrics.onCollect(() => {
    traces.set(xray.traces.size);
    bytes.set(xray.traces.sizeBytes);
  });
  xray.onCount = (what) => {
    if (what === 'dropped_trace') dropped.inc();
    else documents.with({ outcome: what }).inc();
  };
}

/** S3's code for a fault of a signature. */
function translateCode(code: string): string {
  const names: Readonly<Record<string, string>> = {
    MissingAuthenticationToken: 'AccessDenied',
    RequestExpired: 'RequestTimeTooSkewed',
    InvalidClientTokenId: 'InvalidAccessKeyId',
  };
  return names[code] ?? code;
}
