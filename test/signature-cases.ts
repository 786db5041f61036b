/**
 * The published SigV4 cases: requests as they are on the wire, and the files that belong to them.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { WireRequest } from '../src/aws/wire-signing.ts';
import { conformancePath } from './kit/conformance.ts';

export interface SignatureCase {
  readonly name: string;
  readonly request: WireRequest;
  readonly body: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly nowMs: number;
  readonly normalize: boolean;
  readonly signsBody: boolean;
  readonly signsToken: boolean;
  read(file: string): string;
}

interface Context {
  readonly credentials: { access_key_id: string; secret_access_key: string; token?: string };
  readonly normalize: boolean;
  readonly sign_body: boolean;
  readonly omit_session_token?: boolean;
  readonly timestamp: string;
}

export function signatureCases(): SignatureCase[] {
  return readdirSync(conformancePath('sigv4')).map((name) => {
    const read = (file: string): string =>
      readFileSync(path.join(conformancePath('sigv4', name), file), 'utf8').replaceAll(
        '\r\n',
        '\n',
      );
    const context = JSON.parse(read('context.json')) as Context;
    const {
      access_key_id: accessKeyId,
      secret_access_key: secretAccessKey,
      token,
    } = context.credentials;
    const { body, ...request } = parse(read('request.txt'));
    return {
      name,
      body,
      request: { ...request, payloadHash: createHash('sha256').update(body).digest('hex') },
      credentials: {
        accessKeyId,
        secretAccessKey,
        ...(token === undefined ? {} : { sessionToken: token }),
      },
      nowMs: Date.parse(context.timestamp),
      normalize: context.normalize,
      signsBody: context.sign_body,
      signsToken: context.omit_session_token !== true,
      read,
    };
  });
}

/**
 * Parses a request line, headers (a line that begins with a space continues the one before), an
 * empty line and a body.
 */
function parse(text: string): Omit<WireRequest, 'payloadHash'> & { readonly body: string } {
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const [first = '', ...lines] = head.split('\n');
  const match = /^(\w+) (.*) HTTP\/1\.1$/.exec(first)!;
  const [target, mark] = [match[2]!, match[2]!.indexOf('?')];
  const headers: [string, string][] = [];
  for (const line of lines) {
    if (/^\s/.test(line)) headers.at(-1)![1] += ` ${line.trim()}`;
    else if (line !== '') {
      const colon = line.indexOf(':');
      headers.push([line.slice(0, colon).toLowerCase(), line.slice(colon + 1)]);
    }
  }
  return {
    method: match[1]!,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
    body: end < 0 ? '' : text.slice(end + 2),
  };
}
