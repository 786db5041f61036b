/** Signed calls of the emulator by hand, for what no SDK of ours speaks. */
import { signRequest } from '../../src/aws/signing.ts';
import type { EmulatedAws } from './emulated-aws.ts';
import type { Series } from './processes.ts';

export interface SignedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Sends a signed POST. */
export async function postSigned(
  aws: Pick<EmulatedAws, 'url' | 'credentials'>,
  service: string,
  {
    path = '/',
    headers = {},
    body,
  }: {
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: string | Uint8Array<ArrayBuffer>;
  },
): Promise<SignedAnswer> {
  const request = { method: 'POST', url: aws.url + path, headers, body };
  const scope = { region: 'us-east-1', service };
  const signed = signRequest(request, aws.credentials, scope, Date.now());
  const answer = await fetch(request.url, { method: 'POST', headers: signed, body });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, body: bytes };
}

/** Calls an action of AWS's JSON protocols; a refusal is thrown as an Error with its code. */
export async function callJson(
  aws: Pick<EmulatedAws, 'url' | 'credentials'>,
  { service, target }: { readonly service: string; readonly target: string },
  input: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await postSigned(aws, service, {
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      ...headers,
    },
    body: JSON.stringify(input),
  });
  const text = answer.body.toString();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** A query of a workspace of AMP, signed as Grafana signs it. */
export async function queryWorkspace(
  { url: endpoint, credentials }: Pick<EmulatedAws, 'url' | 'credentials'>,
  workspace: string,
  expression: string,
): Promise<readonly Series[]> {
  const asked = `query=${encodeURIComponent(expression)}`;
  const url = `${endpoint}/workspaces/${workspace}/api/v1/query?${asked}`;
  const scope = { region: 'us-east-1', service: 'aps' };
  const request = { method: 'GET', url, headers: {}, body: '' };
  const answer = await fetch(url, {
    headers: signRequest(request, credentials, scope, Date.now()),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${expression}: ${answer.status} ${text}`);
  return (JSON.parse(text) as { data: { result: Series[] } }).data.result;
}
