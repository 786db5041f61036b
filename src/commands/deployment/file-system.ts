/**
 * The two calls of EFS: whether a file system is there, and its end. By requests of our own: the
 * package has no client of the SDK for it.
 */
import { ServiceClient } from '../../aws/service-client.ts';
import type { OperatorSession } from './session.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_MAX_BYTES = 1_000_000;

/** @returns the answer's text */
export async function askFileSystem(
  session: OperatorSession,
  id: string,
  method: 'DELETE' | 'GET',
): Promise<string> {
  const { region, profile, world } = session;
  const client = new ServiceClient(
    { service: 'elasticfilesystem', region, credentials: { profile } },
    world,
  );
  const version = '/2015-02-01/file-systems';
  const path = method === 'GET' ? `${version}?FileSystemId=${id}` : `${version}/${id}`;
  const action =
    method === 'GET'
      ? 'elasticfilesystem:DescribeFileSystems'
      : 'elasticfilesystem:DeleteFileSystem';
  try {
    return await session.call(action, async ({ abortSignal: signal }) => {
      const limits = { timeoutMs: TIMEOUT_MS, bodyMaxBytes: ANSWER_MAX_BYTES, signal };
      const { status, headers, body } = await client.send({ method, path, ...limits });
      if (status < 300) return body.toString('utf8');
      const [name = ''] = (headers['x-amzn-errortype'] ?? `Http${status}`).split(':');
      throw Object.assign(new Error(body.toString('utf8', 0, 500)), {
        name,
        $metadata: { httpStatusCode: status },
      });
    });
  } finally {
    await client.close();
  }
}
