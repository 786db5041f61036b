/** Starts the emulator as a process of its own, so that its work does not count in a benchmark. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../test/kit/processes.ts';

export interface EmulatedAccount {
  readonly url: string;
  /** Settings for clients of the SDK. */
  readonly settings: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** The same settings for a process that reads them from its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** PUTs to a path below /_emulator/, such as `ecs/tasks`. */
  admin(path: string, body: object): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startEmulatedAccount(): Promise<EmulatedAccount> {
  const credentials = { accessKeyId: 'AKIABENCH', secretAccessKey: 'bench' };
  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  const args = ['src/main.ts', 'emulate', '--web.listen-address', listen, '--log.level', 'error'];
  const child = spawn(process.execPath, args, {
    stdio: 'inherit',
    env: {
      ...process.env,
      EMULATE_ACCESS_KEY: credentials.accessKeyId,
      EMULATE_SECRET_KEY: credentials.secretAccessKey,
    },
  });
  const isReady = async (): Promise<boolean> =>
    (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
  while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    url,
    settings: { endpoint: url, region: 'us-east-1', credentials },
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async admin(path, body) {
      const answer = await fetch(`${url}/_emulator/${path}`, {
        method: 'PUT',
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
