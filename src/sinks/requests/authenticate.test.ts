import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CredentialOptions } from '../../aws/credential-source.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { authenticateWith } from './authenticate.ts';

test('a role is assumed in the region of STS, and requests are signed for their own', async () => {
  const asked: CredentialOptions[] = [];
  const keys = { accessKeyId: 'K', secretAccessKey: 'S' };
  const signedWith = async (stsRegion: string | undefined): Promise<string | undefined> => {
    const sigv4 = { region: 'us-east-1', roleArn: 'r', sessionName: 's', stsRegion };
    const auth = authenticateWith(
      { sigv4 },
      {
        clock: new VirtualClock(),
        provider: (options) => {
          asked.push(options);
          return Promise.resolve(() => Promise.resolve(keys));
        },
      },
    );
    const request = { url: 'https://one.example/w', headers: {}, body: new Uint8Array() };
    const headers = await auth.headersFor(request, 0);
    auth.close();
    return headers['authorization'];
  };
  assert.match((await signedWith('eu-west-1')) ?? '', /K\/\d+\/us-east-1\/aps\/aws4_request/);
  await signedWith(undefined);
  assert.deepEqual(
    asked.map(({ region, sessionName }) => [region, sessionName]),
    [
      ['eu-west-1', 's'],
      ['us-east-1', 's'],
    ],
  );
});
