/**
 * An emulated account as a process of its own, whose tasks are processes too, for the published
 * deployments: the lines that its README tells to type, and the edit that it tells to make.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { DescribeTasksCommand, ECSClient, ListTasksCommand, type Task } from '@aws-sdk/client-ecs';
import type { CliCall } from './article-shell.ts';
import type { EmulatedAws } from './emulated-aws.ts';
import { temporaryFolder } from './folder.ts';
import { startAmperage } from './processes.ts';

export type TaskAccount = Pick<EmulatedAws, 'url' | 'credentials'>;

/** The number that the published scripts name. */
export const ACCOUNT_ID = '123456789012';
export const REGION = 'us-east-1';
export const STACK = '--stack-name ecs-stack';
export const DEPLOY =
  `aws cloudformation deploy ${STACK} --template-file ecs-cluster.yaml ` +
  '--capabilities CAPABILITY_IAM';
/** The cluster that the stack makes. */
export const CLUSTER = 'ecs-prometheus-cluster';

export const ACCOUNT_KEYS = { accessKeyId: 'AKIAARTICLES', secretAccessKey: 'secret-of-articles' };

/** @param images  rules of a file of `--images`, for what no command stands in for */
export async function openTaskAccount(
  context: TestContext,
  images: readonly object[],
): Promise<TaskAccount> {
  const file = path.join(temporaryFolder(context), 'images.yml');
  writeFileSync(file, JSON.stringify({ images }));
  const given = ['--account', ACCOUNT_ID, '--run-tasks', '--images', file];
  const { url } = await startAmperage(context, 'emulate', given, {
    EMULATE_ACCESS_KEY: ACCOUNT_KEYS.accessKeyId,
    EMULATE_SECRET_KEY: ACCOUNT_KEYS.secretAccessKey,
  });
  return { url, credentials: ACCOUNT_KEYS };
}

/** What clients of the SDK need to call the account. */
export const sdkOf = ({ url, credentials }: TaskAccount): SdkSettings => ({
  endpoint: url,
  region: REGION,
  credentials,
});

interface SdkSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: TaskAccount['credentials'];
}

/** The tasks of a service that are to run. */
export async function listTasks(account: TaskAccount, serviceName: string): Promise<Task[]> {
  const ecs = new ECSClient(sdkOf(account));
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: CLUSTER, serviceName }));
  if (taskArns.length === 0) return [];
  const asked = { cluster: CLUSTER, tasks: taskArns };
  return (await ecs.send(new DescribeTasksCommand(asked))).tasks ?? [];
}

export const addressOf = ({ containers }: Task): string =>
  containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? '';

export function assertTaken(calls: readonly CliCall[]): void {
  assert.deepEqual(
    calls.filter(({ status }) => status !== 0),
    [],
  );
  assert.notEqual(calls.length, 0);
}

/** The only edit; the README writes the namespace, ecs-services, without its last letter. */
export function sendTraces(template: string): string {
  const variable = {
    name: 'AWS_XRAY_DAEMON_ADDRESS',
    value: 'adot-collector-svc.ecs-services:2000',
  };
  return template.replace(
    '"name":"webapp",',
    `"name":"webapp", "environment":[${JSON.stringify(variable)}],`,
  );
}
