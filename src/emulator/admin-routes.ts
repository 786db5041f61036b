/**
 * The emulator's admin routes below `/_emulator/`, which answer to this machine only, and not to
 * its tasks: clusters and trouble (admin-actions.ts), tasks of real processes, what X-Ray,
 * CloudWatch Logs and CloudWatch received, and the secrets of temporary keys, with which a
 * workspace beside the emulator verifies requests.
 */
import * as z from 'zod';
import {
  answerByRoutes,
  type HttpRequest,
  type HttpResponse,
  type Route,
} from '../kernel/http-server.ts';
import { ADMIN_PATHS, administer } from './admin-actions.ts';
import { resolvePrivateName } from './cloud-map/private-names.ts';
import { withPath } from './amp/data-plane.ts';
import type { EmulatedCloud } from './cloud.ts';
import { isTaskAddress } from './ecs/processes/loopback.ts';
import { json } from './json-protocol.ts';
import { AwsError } from './service.ts';
import type { TaskRegistry } from './task-metadata.ts';

const TASKS = '/_emulator/tasks/';
const NAMES = '/_emulator/names/';
const CREDENTIALS = '/_emulator/credentials/';
const WORKSPACES = '/_emulator/workspaces/';

export function adminRoutes(cloud: EmulatedCloud, tasks: TaskRegistry): Route[] {
  const { home } = cloud;
  return [
    ...ADMIN_PATHS.map((path): Route => ({
      method: 'PUT',
      path,
      handle: (request) => put(request, (body) => administer(cloud, path, body)),
    })),
    {
      method: 'PUT',
      path: `${TASKS}*`,
      handle: (request) =>
        put(request, (body) => tasks.put(request.path.slice(TASKS.length), body, cloud.urlOf())),
    },
    {
      method: 'DELETE',
      path: `${TASKS}*`,
      handle: (request) =>
        refuseRemote(request) ?? {
          status: tasks.delete(request.path.slice(TASKS.length)) ? 204 : 404,
        },
    },
    {
      method: 'GET',
      path: `${CREDENTIALS}*`,
      handle: (request) => {
        const refusal = refuseRemote(request) ?? refuseWithoutHeader(request);
        if (refusal !== undefined) return refusal;
        const found = cloud.identities.find(request.path.slice(CREDENTIALS.length), cloud.nowMs());
        if (found === undefined) return { status: 404, body: 'no such key\n' };
        const { accessKeyId, secretAccessKey, sessionToken } = found;
        return json(200, { accessKeyId, secretAccessKey, sessionToken });
      },
    },
    {
      method: 'GET',
      path: `${NAMES}*`,
      handle: (request) => {
        // It stands in for a task's resolver.
        const refusal = refuseRemote(request, 'tasks too');
        if (refusal !== undefined) return refusal;
        const name = decodeURIComponent(request.path.slice(NAMES.length));
        const found = resolvePrivateName(home.cloudMap, name);
        return found === undefined
          ? { status: 404, body: 'in no private namespace\n' }
          : json(200, found);
      },
    },
    { method: 'ANY', path: `${WORKSPACES}*`, handle: (request) => showWorkspace(request, cloud) },
    ...shownRoutes('/_emulator/xray', home.xray),
    ...shownRoutes('/_emulator/logs', home.logs),
    ...shownRoutes('/_emulator/cloudwatch', home.cloudWatch),
    ...shownRoutes('/_emulator/cloudwatch/otlp', home.cloudWatch.otlp),
  ];
}

/** The web page of a workspace, and the queries that it makes, unsigned; nothing is written. */
async function showWorkspace(
  request: HttpRequest,
  { workspaces }: EmulatedCloud,
): Promise<HttpResponse> {
  const refusal = refuseRemote(request);
  if (refusal !== undefined) return refusal;
  const [, id = '', path = ''] = /^([^/]*)(.*)$/.exec(request.path.slice(WORKSPACES.length)) ?? [];
  const { data } = workspaces.all.get(id) ?? {};
  const { host } = workspaces;
  if (host === undefined || data === undefined)
    return { status: 404, body: 'no workspace of this id is here\n' };
  if (path === '/api/v1/remote_write')
    return { status: 403, body: `nothing is written here; sign, and write to /workspaces/${id}\n` };
  const shown = withPath(request, path);
  return path.startsWith('/api/') ? data.answer(shown) : answerByRoutes(host.page, shown);
}

/** What a service received: GET shows it, DELETE forgets it. */
function shownRoutes(
  path: string,
  state: { describe(): unknown; clear(): void },
): readonly Route[] {
  return [
    {
      method: 'GET',
      path,
      handle: (request) => refuseRemote(request) ?? json(200, state.describe()),
    },
    {
      method: 'DELETE',
      path,
      handle: (request) => {
        const refusal = refuseRemote(request);
        if (refusal !== undefined) return refusal;
        state.clear();
        return { status: 204 };
      },
    },
  ];
}

/** Parses the body and acts on it; a fault of the body is answered with 400 and in words. */
async function put(request: HttpRequest, act: (body: unknown) => unknown): Promise<HttpResponse> {
  const refusal = refuseRemote(request);
  if (refusal !== undefined) return refusal;
  try {
    return json(200, act(JSON.parse((await request.body()).toString())));
  } catch (error) {
    if (error instanceof z.ZodError) return { status: 400, body: `${z.prettifyError(error)}\n` };
    if (error instanceof SyntaxError)
      return { status: 400, body: `the body is not JSON: ${error.message}\n` };
    if (error instanceof AwsError) return { status: 400, body: `${error.message}\n` };
    throw error;
  }
}

/** A page can send no header of ours to another origin without asking, which is not answered. */
function refuseWithoutHeader({ headers }: HttpRequest): HttpResponse | undefined {
  return headers['x-amperage-emulator'] === '1'
    ? undefined
    : { status: 403, body: 'secrets are given with the header x-amperage-emulator: 1 alone\n' };
}

function refuseRemote(
  { remoteAddress }: HttpRequest,
  whom?: 'tasks too',
): HttpResponse | undefined {
  const isLocal = /^(?:127\.|::1$|::ffff:127\.)/.test(remoteAddress);
  if (!isLocal) return { status: 403, body: 'the admin side answers to this machine alone\n' };
  return isTaskAddress(remoteAddress) && whom === undefined
    ? { status: 403, body: 'the admin side answers to no task\n' }
    : undefined;
}
