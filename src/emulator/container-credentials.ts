/**
 * The container credentials endpoint of the ECS agent: temporary keys of the task's role, renewed
 * before they expire. Limits: 1,000 roles.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
import type { HttpRequest, HttpResponse, Route } from '../kernel/http-server.ts';
import type { CloudParts } from './cloud-parts.ts';
import type { Identities } from './identities.ts';
import { json } from './json-protocol.ts';

const PATH = '/v2/credentials/';
/** The endpoint gives out new credentials when the present ones have less than this left. */
const RENEW_MS = 15 * 60_000;
const NAMES_MAX = 1_000;
/** The name of the session of a task's role. */
const SESSION = 'task';

export function containerCredentialsRoute(options: {
  readonly cloud: CloudParts;
  readonly lifetimeMs: number;
}): Route {
  const { cloud, lifetimeMs } = options;
  const { identities, trouble } = cloud;
  const issued = new Map<string, ReturnType<Identities['issue']>>();
  const handle = ({ path, headers }: HttpRequest): HttpResponse => {
    const { credentialsStatus: status, credentialsToken: token } = trouble;
    if (status !== 200) return { status, body: '<html>no JSON at all</html>' };
    if (token !== undefined && headers.authorization !== token)
      return json(401, { code: 'Unauthorized', message: 'the authorization token is another' });
    const atMs = cloud.nowMs();
    const name = path.slice(PATH.length);
    const known = issued.get(name);
    const isGood =
      known !== undefined &&
      known.expiresMs - atMs > Math.min(RENEW_MS, lifetimeMs / 2) &&
      identities.find(known.accessKeyId, atMs) !== undefined;
    const roleArn = cloud.taskRoles.get(name) ?? cloud.roleArnOf(name);
    const current = isGood
      ? known
      : identities.issue(atMs, lifetimeMs, cloud.openSession(roleArn, SESSION));
    if (issued.size >= NAMES_MAX) issued.clear();
    issued.set(name, current);
    return json(200, {
      RoleArn: roleArn,
      AccessKeyId: current.accessKeyId,
      SecretAccessKey: current.secretAccessKey,
      Token: current.sessionToken,
      Expiration: new Date(current.expiresMs).toISOString(),
    });
  };
  return { method: 'GET', path: `${PATH}*`, handle };
}
