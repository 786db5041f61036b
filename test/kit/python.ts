/** Python's boto3 and the AWS CLI as clients of the emulator, where the machine has them. */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { EmulatedAws } from './emulated-aws.ts';

function isMissing(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 120_000 });
    return false;
  } catch {
    return true;
  }
}

export const skipWithoutBoto3 = isMissing('python3', ['-c', 'import boto3'])
  ? 'Python has no boto3'
  : false;

export function skipWithoutAwsCli(): string | false {
  return isMissing('aws', ['--version']) ? 'there is no AWS CLI' : false;
}

/** Runs lines of Bash with the AWS CLI; one that fails ends them. */
export async function runAwsScript(aws: EmulatedAws, folder: string, lines: string): Promise<void> {
  await promisify(execFile)('bash', ['-e', '-c', lines], {
    cwd: folder,
    env: makeEnvironment(aws),
    timeout: 540_000,
  });
}

function makeEnvironment({ url, credentials }: EmulatedAws): NodeJS.ProcessEnv {
  return {
    ...process.env,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL: url,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_MAX_ATTEMPTS: '1',
  };
}

/** Runs a script that prints JSON. */
export async function runPython(aws: EmulatedAws, script: string): Promise<unknown> {
  const env = makeEnvironment(aws);
  const { stdout } = await promisify(execFile)('python3', ['-c', script], {
    env,
    timeout: 240_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout);
}

/** Runs a command of the AWS CLI that prints JSON, or nothing. */
export async function runAwsCli(aws: EmulatedAws, ...args: string[]): Promise<unknown> {
  const env = makeEnvironment(aws);
  const { stdout } = await promisify(execFile)('aws', [...args, '--output', 'json'], {
    env,
    timeout: 240_000,
  });
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}
