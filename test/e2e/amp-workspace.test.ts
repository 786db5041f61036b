/**
 * A workspace made in the emulator, by the AWS CLI where the machine has it; a collector that
 * writes to it; and a signed query that finds what it wrote.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { AmpClient, CreateWorkspaceCommand, DeleteWorkspaceCommand } from '@aws-sdk/client-amp';
import { signRequest } from '../../src/aws/signing.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS, startAmperage } from '../kit/processes.ts';
import { runAwsCli, skipWithoutAwsCli } from '../kit/python.ts';
import { until } from '../kit/waiting.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'example' };

test('a collector writes to a workspace that was created, and a signed query finds it', async (context) => {
  const folder = temporaryFolder(context);
  const kept = path.join(folder, 'workspaces');
  const aws = await startAmperage(context, 'emulate', ['--storage.path', kept], {
    ...BARE_AWS,
    EMULATE_ACCESS_KEY: credentials.accessKeyId,
    EMULATE_SECRET_KEY: credentials.secretAccessKey,
  });
  const { url: endpoint } = aws;
  const workspaceId = await createWorkspace(endpoint);
  const config = path.join(folder, 'prometheus.yml');
  const target = endpoint.replace('http://', '');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: emulator, static_configs: [{ targets: ['${target}'] }] }]
remote_write:
  - url: ${endpoint}/workspaces/${workspaceId}/api/v1/remote_write
    sigv4: { region: us-east-1 }
    queue_config: { batch_send_deadline: 200ms }
`,
  );
  await startAmperage(
    context,
    'collect',
    ['--config.file', config, '--storage.path', path.join(folder, 'queue')],
    {
      ...BARE_AWS,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  );
  const url = `${endpoint}/workspaces/${workspaceId}/api/v1/query?query=up`;
  await until('the sample is found', 30_000, async () => {
    const scope = { region: 'us-east-1', service: 'aps' };
    const request = { method: 'GET', url, headers: {}, body: '' };
    const headers = signRequest(request, credentials, scope, Date.now());
    const answer = await fetch(url, { headers });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return text.includes(`"job":"emulator"`) && /"value":\[[\d.]+,"1"\]/.test(text);
  });
  assert.deepEqual(readdirSync(kept), [workspaceId]);
  const client = new AmpClient({ endpoint, region: 'us-east-1', credentials });
  await client.send(new DeleteWorkspaceCommand({ workspaceId }));
  assert.equal(existsSync(path.join(kept, workspaceId)), false);
});

async function createWorkspace(url: string): Promise<string> {
  if (skipWithoutAwsCli() !== false) {
    const client = new AmpClient({ endpoint: url, region: 'us-east-1', credentials });
    const { workspaceId = '' } = await client.send(new CreateWorkspaceCommand({ alias: 'e2e' }));
    return workspaceId;
  }
  const call = ['amp', 'create-workspace', '--alias', 'e2e', '--tags', 'team=a'];
  const { workspaceId } = (await runAwsCli({ url, credentials }, ...call)) as {
    workspaceId: string;
  };
  const listed = await runAwsCli({ url, credentials }, 'amp', 'list-workspaces', '--alias', 'e2');
  assert.partialDeepStrictEqual(listed, { workspaces: [{ workspaceId, tags: { team: 'a' } }] });
  const id = ['--workspace-id', workspaceId];
  await runAwsCli({ url, credentials }, 'amp', 'wait', 'workspace-active', ...id);
  return workspaceId;
}
