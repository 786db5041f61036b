/**
 * The emulator: one HTTP server that speaks AWS's own protocols, so that the official SDK talks to it unchanged.
 * Every API call's signature is verified. Also the container credentials endpoint and the task metadata endpoint, which
 * on ECS are unsigned; and, for this machine alone, an admin side below `/_emulator/`.
 */
import { ZodError, z } from 'zod';
import type { AwsCredentials } from '../aws/signing.ts';
import { type Verdict, verifyRequest } from '../aws/verification.ts';
import { messageOf } from '../kernel/errors.ts';
import {
  type HttpRequest,
  type HttpResponse,
  HttpServer,
  type Route,
} from '../kernel/http-server.ts';
import type { World } from '../kernel/world.ts';
import { EmulatedAccount } from './account.ts';
import { createCloudMap } from './cloud-map.ts';
import { describeInstances, ec2Error } from './ec2.ts';
import { ADMIN_PATHS, administer } from './ecs/admin.ts';
import { createEcs } from './ecs/api.ts';
import { instanceMetadataRoutes } from './instance-metadata.ts';
import { createParameterStore } from './parameters.ts';
import { s3Error } from './s3.ts';
import { createSecretsManager } from './secrets.ts';
import { AwsError, type AwsInput, type JsonService } from './service.ts';
import { TaskRegistry } from './task-metadata.ts';
import { answerTokenService, tokenServiceError } from './token-service.ts';

export interface EmulatorOptions {
  readonly world: World;
  readonly listen: string;
  readonly region: string;
  /** The long-lived keys that verify. */
  readonly credentials: AwsCredentials;
  /** Its clusters, instances and queues; a new one by default. */
  readonly account?: EmulatedAccount;
  /** Of container credentials, ms. */
  readonly credentialsLifetimeMs?: number;
}

/** Six hours, as ECS gives. */
const CREDENTIALS_LIFETIME_MS = 6 * 3_600_000;
/** Asked again with less than this left, the endpoint gives out new credentials. */
const CREDENTIALS_RENEW_MS = 15 * 60_000;

export function createEmulator(options: EmulatorOptions): HttpServer {
  const { world, region } = options;
  const tasks = new TaskRegistry(world.clock, region);
  const account = options.account ?? new EmulatedAccount(region, world.clock, options.credentials);
  const { identities } = account;
  const lifetimeMs = options.credentialsLifetimeMs ?? CREDENTIALS_LIFETIME_MS;
  const nowMs = (): number => world.clock.nowMs() + account.trouble.skewMs;
  const services = [
    createCloudMap(region, world.clock),
    createParameterStore(region, world.clock),
    createSecretsManager(region, world.clock),
    createEcs(account.ecs),
    account.queues.service(),
  ];
  const calls = world.metrics.counters('emulator_calls_total', 'AWS calls, by action and outcome.');
  const issued = new Map<string, ReturnType<typeof identities.issue>>();

  const verify = async (request: HttpRequest, service: string): Promise<Verdict> =>
    verifyRequest(
      {
        method: request.method,
        path: request.path,
        query: request.query,
        rawHeaders: request.rawHeaders,
        body: await request.body(),
      },
      {
        lookup: (id) => identities.find(id, nowMs()),
        nowMs: nowMs(),
        service,
        region,
      },
    );

  const callJson = async (request: HttpRequest, target: string): Promise<HttpResponse> => {
    const [prefix = '', action = ''] = target.split('.');
    const service = services.find((one) => one.target === prefix);
    account.count(action);
    const outcome = await answerJson(request, service, action, { verify, account, nowMs });
    calls
      .with({
        action: service !== undefined && action in service.actions ? action : 'unknown',
        outcome: outcome.status === 200 ? 'ok' : 'error',
      })
      .inc();
    return outcome;
  };

  const callQuery = async (request: HttpRequest): Promise<HttpResponse> => {
    const headers = { 'content-type': 'text/xml' };
    const form = new URLSearchParams((await request.body()).toString());
    const action = form.get('Action') ?? '';
    const isEc2 = action === 'DescribeInstances';
    account.count(action);
    try {
      // Who comes with a token of somebody else has no keys to sign with.
      const isUnsigned = action === 'AssumeRoleWithWebIdentity';
      const verdict = isUnsigned ? undefined : await verify(request, isEc2 ? 'ec2' : 'sts');
      if (verdict?.ok === false) throw new AwsError(verdict.code, verdict.message, 403);
      if (isEc2) {
        account.trouble.strike(action, {});
        return { status: 200, headers, body: describeInstances(form, account.instances) };
      }
      const body = answerTokenService(
        form,
        verdict?.accessKeyId ?? '',
        identities,
        world.clock.nowMs(),
      );
      return { status: 200, headers, body };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return {
        status: error.status,
        headers,
        body: isEc2 ? ec2Error(error) : tokenServiceError(error),
      };
    }
  };

  const callObjects = async (request: HttpRequest): Promise<HttpResponse> => {
    const headers = { 'content-type': 'application/xml', ...dateOf(account, nowMs()) };
    try {
      const action = `S3 ${request.method}`;
      account.count(action);
      const verdict = await verify(request, 's3');
      if (!verdict.ok) throw new AwsError(s3Code(verdict.code), verdict.message, 403);
      account.trouble.strike(action, {});
      return await account.objects.answer(request);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { status: error.status, headers, body: s3Error(error) };
    }
  };

  const credentialsOf = (request: HttpRequest): HttpResponse => {
    const status = account.trouble.credentialsStatus;
    if (status !== 200) return { status, body: '<html>no JSON at all</html>' };
    const atMs = world.clock.nowMs();
    const name = request.path.slice('/v2/credentials/'.length);
    const known = issued.get(name);
    const current =
      known !== undefined &&
      known.expiresMs - atMs > Math.min(CREDENTIALS_RENEW_MS, lifetimeMs / 2) &&
      identities.find(known.accessKeyId, atMs) !== undefined
        ? known
        : identities.issue(atMs, lifetimeMs);
    if (issued.size >= 1_000) issued.clear();
    issued.set(name, current);
    return json(200, {
      RoleArn: `arn:aws:iam::000000000000:role/${name}`,
      AccessKeyId: current.accessKeyId,
      SecretAccessKey: current.secretAccessKey,
      Token: current.sessionToken,
      Expiration: new Date(current.expiresMs).toISOString(),
    });
  };

  const server: HttpServer = new HttpServer({
    name: 'emulate',
    listen: options.listen,
    log: world.log,
    metrics: world.metrics,
    routes: [
      {
        method: 'POST',
        path: '/',
        handle: (request) => {
          const target = request.headers['x-amz-target'];
          return typeof target === 'string' ? callJson(request, target) : callQuery(request);
        },
      },
      { method: 'GET', path: '/v2/credentials/*', handle: credentialsOf },
      ...instanceMetadataRoutes({
        region,
        identities,
        lifetimeMs,
        nowMs: () => world.clock.nowMs(),
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
      ...ADMIN_PATHS.map((path): Route => ({
        method: 'PUT',
        path,
        handle: async (request) => {
          const refusal = refuseRemote(request);
          if (refusal !== undefined) return refusal;
          try {
            return json(
              200,
              administer(account, path, JSON.parse((await request.body()).toString())),
            );
          } catch (error) {
            if (error instanceof ZodError)
              return { status: 400, body: `${z.prettifyError(error)}\n` };
            if (error instanceof SyntaxError || error instanceof AwsError)
              return { status: 400, body: `${error.message}\n` };
            throw error;
          }
        },
      })),
      {
        method: 'PUT',
        path: '/_emulator/tasks/*',
        handle: async (request) => {
          const refusal = refuseRemote(request);
          if (refusal !== undefined) return refusal;
          try {
            const id = request.path.slice('/_emulator/tasks/'.length);
            return json(
              200,
              tasks.put(id, JSON.parse((await request.body()).toString()), server.url),
            );
          } catch (error) {
            if (error instanceof ZodError)
              return { status: 400, body: `${z.prettifyError(error)}\n` };
            if (error instanceof SyntaxError)
              return { status: 400, body: `the body is not JSON: ${error.message}\n` };
            throw error;
          }
        },
      },
      {
        method: 'DELETE',
        path: '/_emulator/tasks/*',
        handle: (request) =>
          refuseRemote(request) ?? {
            status: tasks.delete(request.path.slice('/_emulator/tasks/'.length)) ? 204 : 404,
          },
      },
      {
        method: 'GET',
        path: '/_emulator/credentials/*',
        handle: (request) => {
          const refusal = refuseRemote(request);
          if (refusal !== undefined) return refusal;
          const found = identities.find(
            request.path.slice('/_emulator/credentials/'.length),
            world.clock.nowMs(),
          );
          return found === undefined
            ? { status: 404, body: 'no such key\n' }
            : json(200, {
                accessKeyId: found.accessKeyId,
                secretAccessKey: found.secretAccessKey,
                sessionToken: found.sessionToken,
              });
        },
      },
      // Everything else is a bucket.
      { method: 'ANY', path: '/*', handle: callObjects },
    ],
  });
  account.urlOf = () => server.url;
  return server;
}

async function answerJson(
  request: HttpRequest,
  service: JsonService | undefined,
  action: string,
  edges: {
    readonly verify: (request: HttpRequest, service: string) => Promise<Verdict>;
    readonly account: EmulatedAccount;
    readonly nowMs: () => number;
  },
): Promise<HttpResponse> {
  try {
    if (service === undefined)
      throw new AwsError(
        'UnknownOperationException',
        'this emulator has Cloud Map, ECS, EC2, SQS, SSM and STS',
      );
    const verdict = await edges.verify(request, service.signingName);
    if (!verdict.ok)
      throw new AwsError(
        errorCode(verdict.code),
        verdict.message,
        verdict.code === 'SignatureDoesNotMatch' ? 403 : 400,
      );
    const run = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
    if (run === undefined)
      throw new AwsError(
        'UnknownOperationException',
        `${action} is not supported here; these are: ${Object.keys(service.actions).join(', ')}`,
      );
    const input = parseInput(await request.body());
    edges.account.trouble.strike(action, input);
    return json(200, await run(input));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return json(
      error.status,
      { __type: error.code, message: error.message },
      { 'x-amzn-errortype': error.code, ...dateOf(edges.account, edges.nowMs()) },
    );
  }
}

/** The time that AWS believes it is, for those who learn from it. */
function dateOf(account: EmulatedAccount, nowMs: number): Record<string, string> {
  return account.trouble.skewMs === 0 ? {} : { date: new Date(nowMs).toUTCString() };
}

/** What S3 calls faults of a signature. */
function s3Code(code: string): string {
  const names: Readonly<Record<string, string>> = {
    MissingAuthenticationToken: 'AccessDenied',
    RequestExpired: 'RequestTimeTooSkewed',
    InvalidClientTokenId: 'InvalidAccessKeyId',
  };
  return names[code] ?? code;
}

/** The names that JSON services use for signature faults. */
function errorCode(code: string): string {
  const names: Readonly<Record<string, string>> = {
    SignatureDoesNotMatch: 'InvalidSignatureException',
    RequestExpired: 'InvalidSignatureException',
    InvalidClientTokenId: 'UnrecognizedClientException',
    MissingAuthenticationToken: 'MissingAuthenticationTokenException',
    IncompleteSignature: 'IncompleteSignatureException',
  };
  return names[code] ?? code;
}

function parseInput(body: Buffer): AwsInput {
  try {
    const input: unknown = JSON.parse(body.length === 0 ? '{}' : body.toString());
    if (typeof input === 'object' && input !== null && !Array.isArray(input))
      return input as AwsInput;
  } catch (error) {
    throw new AwsError('SerializationException', messageOf(error));
  }
  throw new AwsError('SerializationException', 'the body is not a JSON object');
}

function refuseRemote({ remoteAddress }: HttpRequest): HttpResponse | undefined {
  const isLocal = /^(?:127\.|::1$|::ffff:127\.)/.test(remoteAddress);
  return isLocal
    ? undefined
    : { status: 403, body: 'the admin side answers to this machine alone\n' };
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
    body: JSON.stringify(value),
  };
}
