/** Puts a template that is too long for a call into a bucket, under a name made of its content. */
import { createHash } from 'node:crypto';
import { configuredEndpoint } from '../../aws/endpoints.ts';
import type { OperatorSession } from './session.ts';

/** @returns the URL that CloudFormation reads it from */
export async function uploadText(
  session: OperatorSession,
  { bucket, name, text }: { readonly bucket: string; readonly name: string; readonly text: string },
): Promise<string> {
  const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const own = configuredEndpoint('s3', process.env);
  // A custom endpoint usually does not resolve host names that begin with the bucket.
  const client = session.adopt(
    new S3Client({ ...session.clientOptions(), forcePathStyle: own !== undefined }),
  );
  const sum = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const key = `amperage/${name}-${sum}.json`;
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: text,
    ContentType: 'application/json',
  });
  await session.call('s3:PutObject', (options) => client.send(command, options));
  const { region } = session;
  const host = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return own === undefined
    ? `https://${bucket}.s3.${region}.${host}/${key}`
    : `${own.replace(/\/+$/, '')}/${bucket}/${key}`;
}
