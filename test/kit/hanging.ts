/** Servers and programs that accept requests and do not answer until they are told to. */
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { onEnd } from './ending.ts';

export interface HangingServer {
  readonly url: string;
  /** Requests that came, answered or not. */
  readonly seen: string[];
  /** How many connections are open. */
  connections(): number;
  /** Answers from now on, including the requests that wait. */
  answer(listener: RequestListener): void;
  /** Stops answering from now on. */
  hang(): void;
}

/** Starts a server that accepts and reads requests and does not answer. */
export async function startHanging(context: TestContext): Promise<HangingServer> {
  let answering: RequestListener | undefined;
  const waiting: Parameters<RequestListener>[] = [];
  const seen: string[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (answering === undefined) waiting.push([request, response]);
    else answering(request, response);
  });
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.once('close', () => (connections -= 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(context, () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connections: () => connections,
    answer(listener) {
      answering = listener;
      for (const [request, response] of waiting.splice(0))
        if (!response.destroyed) listener(request, response);
    },
    hang: () => void (answering = undefined),
  };
}

/** STS's answer to AssumeRole; the credentials expire in an hour by default. */
export function assumedRole(
  accessKeyId: string,
  secretAccessKey: string,
  lifeMs = 3_600_000,
): RequestListener {
  const expiration = new Date(Date.now() + lifeMs).toISOString();
  return (_request, response) => {
    response.setHeader('content-type', 'text/xml');
    response.end(
      '<AssumeRoleResponse ' +
        `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    );
  };
}

/**
 * Answers by forwarding each request unchanged to another server, so that its signature stays
 * valid.
 */
export function forwardTo(url: string): RequestListener {
  return (request, response) => {
    const { method, headers, url: path = '/' } = request;
    const onward = httpRequest(new URL(path, url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
}
