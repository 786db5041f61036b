/** The emulator of AWS with a client of its X-Ray, for a whole file of tests. */
import { after, before } from 'node:test';
import { XRayClient } from '@aws-sdk/client-xray';
import { type EmulatedAws, startEmulatedAws } from './emulated-aws.ts';

export interface EmulatedXray {
  /** Both are there once the first test runs. */
  readonly aws: EmulatedAws;
  readonly xray: XRayClient;
}

export function useEmulatedXray(): EmulatedXray {
  const made = {} as { aws: EmulatedAws; xray: XRayClient };
  before(async () => {
    made.aws = await startEmulatedAws();
    const { url: endpoint, credentials } = made.aws;
    made.xray = new XRayClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  });
  after(async () => {
    made.xray.destroy();
    await made.aws.close();
  });
  return made;
}
