/**
 * An emulator for tests, with the official SDK's credentials set in the environment, and a
 * deployment that can be put into it.
 */
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { DemoDeployment } from '../../src/commands/demo/deployment.ts';
import type { WorkspaceHost } from '../../src/emulator/amp/workspace-data.ts';
import { EmulatedCloud } from '../../src/emulator/cloud.ts';
import type { EmulatedRegion } from '../../src/emulator/region.ts';
import { createEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';

export interface EmulatedAws {
  readonly url: string;
  readonly deployment: DemoDeployment;
  readonly cloud: EmulatedCloud;
  /** The first account in its first region. */
  readonly account: EmulatedRegion;
  readonly credentials: { accessKeyId: string; secretAccessKey: string };
  putParameter(): Promise<void>;
  deleteParameter(): Promise<void>;
  close(): Promise<void>;
}

/** @param workspaceHost  what keeps the samples of workspaces */
export async function startEmulatedAws(workspaceHost?: WorkspaceHost): Promise<EmulatedAws> {
  const credentials = { accessKeyId: 'AKIAEMULATED', secretAccessKey: 'secret' };
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
  const http = createHttpClient();
  const world = { clock: systemClock, log: silentLogger, metrics: new Registry(), http };
  const cloud = new EmulatedCloud({
    clock: systemClock,
    regions: ['us-east-1'],
    credentials,
    ...(workspaceHost && { workspaceHost }),
  });
  const account = cloud.home;
  const emulator = createEmulator({ cloud, world, listen: '127.0.0.1:0' });
  await emulator.start();
  const ssm = new SSMClient({ endpoint: emulator.url, region: 'us-east-1', credentials });
  return {
    url: emulator.url,
    cloud,
    account,
    credentials,
    deployment: {
      endpoint: emulator.url,
      region: 'us-east-1',
      credentials,
      clock: systemClock,
      signal: new AbortController().signal,
      namespace: 'ecs-services',
      namespacesParameter: 'names',
      cluster: 'ecs-adot-cluster',
      service: 'WebAppService',
      family: 'WebAppTask',
      taskId: '0dc5c05b56df432ab6ff2f52f4019000',
      ipv4: '10.0.0.1',
      appPort: 80,
      exporterPort: 9779,
    },
    putParameter: async () =>
      void (await ssm.send(
        new PutParameterCommand({
          Name: 'names',
          Type: 'StringList',
          Value: ' other, ecs-services ',
          Overwrite: true,
        }),
      )),
    deleteParameter: async () =>
      void (await ssm.send(new DeleteParameterCommand({ Name: 'names' }))),
    async close() {
      ssm.destroy();
      await emulator.stop(100);
      await http.close();
    },
  };
}
