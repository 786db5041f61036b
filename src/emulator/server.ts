/**
 * The emulator: one HTTP server that speaks AWS's own protocols, so that the official SDK works
 * with it unchanged. It verifies the signature of every API call. It also serves the container
 * credentials endpoint, instance metadata and the task metadata endpoint, which take no signature
 * on AWS either, and, for this machine only, an admin side below `/_emulator/`.
 */
import { isAwsHost } from '../aws/endpoints.ts';
import { type Verification, verifyRequest } from '../aws/verification.ts';
import type { Component } from '../kernel/component.ts';
import { type HttpRequest, type HttpResponse, HttpServer } from '../kernel/http-server.ts';
import type { Registry } from '../kernel/metrics.ts';
import { knownHosts } from '../kernel/stranger-guard.ts';
import type { World } from '../kernel/world.ts';
import { answerDataCall, type DataPlaneEdges, isDataCall } from './amp/data-plane.ts';
import { adminRoutes } from './admin-routes.ts';
import { breakAnswer } from './broken-answers.ts';
import { type EmulatedCloud, signedService } from './cloud.ts';
import { containerCredentialsRoute } from './container-credentials.ts';
import { instanceMetadataRoutes } from './instance-metadata.ts';
import { answerJson, type CallEdges, dateHeader, json } from './json-protocol.ts';
import { answerForm, refuseForm } from './form-protocol.ts';
import { otlpRoute } from './otlp-protocol.ts';
import type { EmulatedRegion } from './region.ts';
import { createRestService } from './rest-json-protocol.ts';
import { REST_PATHS } from './rest-paths.ts';
import { rpcCborRoute } from './rpc-cbor-protocol.ts';
import { refuseDenied } from './prepared-call.ts';
import { describeObjectNeed, renderS3Error } from './s3.ts';
import { AwsError, type JsonService } from './service.ts';
import { TaskRegistry } from './task-metadata.ts';
import { answerEc2 } from './ec2/answer.ts';
import { attachTasks } from './task-surroundings.ts';
import type { LocalTasks } from './ecs/processes/local-tasks.ts';
import { createOtlpTraces } from './xray/otlp-endpoint.ts';

export interface EmulatorOptions {
  readonly world: World;
  readonly listen: string;
  readonly cloud: EmulatedCloud;
  /** How long container credentials are valid, ms; six hours by default. */
  readonly credentialsLifetimeMs?: number;
  /** Names of the public DNS by which it is asked for, beside those of AWS. */
  readonly allowedHosts?: readonly string[];
  /** Who runs tasks as local processes; without it tasks are states alone. */
  readonly tasks?: LocalTasks;
}

/** Six hours, as in ECS. */
const CREDENTIALS_LIFETIME_MS = 6 * 3_600_000;

/** The services of all regions: a signature may name any. */
const GLOBAL_SERVICES: ReadonlySet<string> = new Set(['iam', 'sts']);

export interface Emulator extends Component {
  /** For a client on this machine. */
  readonly url: string;
  /** With the address as it was given. */
  readonly listensAt: string;
}

export function createEmulator(options: EmulatorOptions): Emulator {
  const { world, cloud } = options;
  const { home, identities, trouble } = cloud;
  const tasks = new TaskRegistry(world.clock, home.place);
  const lifetimeMs = options.credentialsLifetimeMs ?? CREDENTIALS_LIFETIME_MS;
  const services = [...home.services.values()];
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
        lookup: (id) => identities.find(id, cloud.nowMs()),
        nowMs: cloud.nowMs(),
        service,
        ...(GLOBAL_SERVICES.has(service) ? {} : { regions: cloud.regions }),
      },
    );
  const hosts = knownHosts('--web.allowed-host', options.allowedHosts);
  const edges: CallEdges = { verify, cloud };
  exposeXray(home, world.metrics);
  exposeCloudWatch(home, world.metrics);

  const count = async (
    action: string,
    isKnown: boolean,
    answer: () => Promise<HttpResponse>,
  ): Promise<HttpResponse> => {
    cloud.count(action);
    const response = await answer();
    const outcome = response.status < 300 ? 'ok' : 'error';
    calls.with({ action: isKnown ? action : 'unknown', outcome }).inc();
    return response;
  };
  /** Counts the calls of one service. */
  const countOf =
    ({ actions }: JsonService) =>
    (action: string, answer: () => Promise<HttpResponse>): Promise<HttpResponse> =>
      count(action, Object.hasOwn(actions, action), answer);

  const callJson = (request: HttpRequest, target: string): Promise<HttpResponse> => {
    const [prefix = '', action = ''] = target.split('.');
    const service = services.find((known) => known.target === prefix);
    const isKnown = service !== undefined && Object.hasOwn(service.actions, action);
    return count(action, isKnown, () => answerJson(request, service, action, edges));
  };

  /** The services that speak the query protocol are known by the signature. */
  const callForm = async (request: HttpRequest): Promise<HttpResponse> => {
    const action = new URLSearchParams((await request.body()).toString()).get('Action') ?? '';
    const signed = signedService(request.headers);
    const service =
      signed === undefined
        ? services.find(({ unsigned }) => unsigned?.has(action))
        : home.services.get(signed);
    if (service?.xmlNamespace === undefined) return refuseForm(request, cloud);
    const answer = signed === 'ec2' ? answerEc2 : answerForm;
    return countOf(service)(action, () => answer(request, service, action, edges));
  };

  const dataPlane: DataPlaneEdges = {
    directory: cloud.workspaces,
    trouble,
    verify,
    nowMs: () => cloud.nowMs(),
    contextOf: (verdict, headers) => cloud.contextOf(verdict, headers),
    authorize: (call, need) => cloud.authorize(call, need),
    count: (action, answer) => count(action, true, answer),
  };
  const rests = new Map(
    services
      .filter(({ signingName }) => Object.hasOwn(REST_PATHS, signingName))
      .map((one) => [one.signingName, createRestService(one, edges, countOf(one))]),
  );
  /** REST-JSON is known by the signature, without one by the path; all other paths are S3's. */
  const callPath = async (request: HttpRequest): Promise<HttpResponse> => {
    if (isDataCall(request)) return answerDataCall(request, dataPlane);
    const name = signedService(request.headers);
    const rest =
      name === undefined ? [...rests.values()].find((one) => one.isFor(request)) : rests.get(name);
    if (rest !== undefined) return rest.answer(request);
    return name === undefined || name === 's3'
      ? callObjects(request)
      : answerStray(request, name, cloud);
  };

  const callObjects = async (request: HttpRequest): Promise<HttpResponse> => {
    const headers = { 'content-type': 'application/xml', ...dateHeader(cloud) };
    try {
      const action = `S3 ${request.method}`;
      cloud.count(action);
      const verdict = await verify(request, 's3');
      if (!verdict.ok) throw new AwsError(translateCode(verdict.code), verdict.message, 403);
      const context = cloud.contextOf(verdict, request.headers);
      refuseDenied([describeObjectNeed(request)], context, cloud, {
        code: 'AccessDenied',
        status: 403,
      });
      const { objects } = cloud.regionOf(context.caller.accountId, context.region);
      const how = trouble.strike(action, {});
      return await breakAnswer(how, request, trouble, () => objects.answer(request));
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
      containerCredentialsRoute({ cloud, lifetimeMs }),
      ...instanceMetadataRoutes({
        cloud,
        lifetimeMs,
        startedMs: cloud.nowMs(),
        instanceAt: (address) => home.instanceAt(address),
      }),
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
      ...adminRoutes(cloud, tasks),
      ...services
        .filter(({ signingName }) => signingName === 'monitoring')
        .map((metrics) => rpcCborRoute(metrics, edges, countOf(metrics))),
      ...[home.cloudWatch.otlp, createOtlpTraces(home.xray, () => cloud.nowMs())].map((endpoint) =>
        otlpRoute(endpoint, edges, (action, answer) => count(action, true, answer)),
      ),
      { method: 'ANY', path: '/*', handle: callPath },
    ],
  });
  cloud.urlOf = () => server.url;
  if (options.tasks !== undefined) {
    const parts = { cloud, tasks: options.tasks, metadata: tasks };
    cloud.onRegion = (region) => attachTasks(region, parts);
    attachTasks(home, parts);
  }
  cloud.warn = (words, error) => world.log.warn(words, { error });
  return {
    name: server.name,
    get url() {
      return server.url;
    },
    get listensAt() {
      return server.listensAt;
    },
    start: () => server.start(),
    // At once: a request that waits for a message would hold up the server.
    stop: async (deadlineMs) => {
      await Promise.all([cloud.stop(), server.stop(deadlineMs)]);
    },
  };
}

/** The answer to a call of REST-JSON that no path is for. */
function answerStray(request: HttpRequest, service: string, cloud: EmulatedCloud): HttpResponse {
  const isKnown = cloud.home.services.has(service);
  const Message = isKnown
    ? `${service} has nothing here at ${request.method} ${request.path}`
    : cloud.describeLack(request);
  return json(
    isKnown ? 404 : 400,
    { Message },
    { 'content-type': 'application/json', 'x-amzn-errortype': 'UnknownOperationException' },
  );
}

/** Metrics of what the emulated CloudWatch and CloudWatch Logs received and keep. */
function exposeCloudWatch({ logs, cloudWatch }: EmulatedRegion, metrics: Registry): void {
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
function exposeXray({ xray }: EmulatedRegion, metrics: Registry): void {
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
