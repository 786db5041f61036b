import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { silentLogger } from '../kernel/logger.ts';
import { sdkProvider } from './sdk-credentials.ts';

function renderAnswer(action: string): string {
  const keys =
    '<AccessKeyId>AKID</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t' +
    '</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>';
  return (
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>` +
    `<Credentials>${keys}</Credentials></${action}Result></${action}Response>`
  );
}

test('a role is assumed in its own region, under its own session name, with keys or a token', async (context) => {
  const asked: { form: URLSearchParams; scope: string | undefined }[] = [];
  const server = new HttpServer({
    name: 'sts',
    listen: '127.0.0.1:0',
    log: silentLogger,
    routes: [
      {
        method: 'POST',
        path: '/*',
        async handle(request) {
          const form = new URLSearchParams((await request.body()).toString());
          const scope = /Credential=([^,]+)/.exec(request.headers.authorization ?? '')?.[1];
          asked.push({ form, scope });
          const body = renderAnswer(form.get('Action') ?? '');
          return { status: 200, headers: { 'content-type': 'text/xml' }, body };
        },
      },
    ],
  });
  await server.start();
  context.after(() => server.stop(0));
  process.env['AWS_ENDPOINT_URL_STS'] = server.url;
  context.after(() => delete process.env['AWS_ENDPOINT_URL_STS']);
  const role = { roleArn: 'arn:aws:iam::123456789012:role/r', sessionName: 'mine of/it', region: 'eu-west-3' };
  const byKeys = await sdkProvider({ ...role, accessKey: 'K', secretKey: 'S' });
  assert.equal((await byKeys()).accessKeyId, 'AKID');
  const file = join(temporaryFolder(context), 'token');
  await writeFile(file, 'a-token');
  const byToken = await sdkProvider({ ...role, webIdentityTokenFile: file });
  assert.equal((await byToken()).accessKeyId, 'AKID');
  const [keys, token] = asked;
  assert.equal(keys?.form.get('RoleSessionName'), 'mine-of-it');
  assert.match(keys.scope ?? '', /^K\/\d+\/eu-west-3\/sts\/aws4_request$/);
  assert.equal(token?.form.get('Action'), 'AssumeRoleWithWebIdentity');
  assert.equal(token.form.get('WebIdentityToken'), 'a-token');
  assert.equal(token.form.get('RoleSessionName'), 'mine-of-it');
  assert.equal(token.scope, undefined);
}); // prettier-ignore
