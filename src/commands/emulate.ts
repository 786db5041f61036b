/**
 * `amperage emulate`: local AWS endpoints, which verify signatures, for trials and tests.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command } from 'commander';
import { Scenario, parseScenario } from '../emulator/scenario.ts';
import { EmulatedCloud } from '../emulator/cloud.ts';
import { Images, parseImages } from '../emulator/ecs/processes/images.ts';
import { LocalTasks } from '../emulator/ecs/processes/local-tasks.ts';
import { createEmulator } from '../emulator/server.ts';
import { UsageReporter } from '../emulator/workspace-usage.ts';
import { DEFAULT_ACCOUNT } from '../emulator/service.ts';
import { Group } from '../kernel/component.ts';
import { makeNamedFolder } from '../kernel/private-files.ts';
import { ConfigError } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import {
  createWorld,
  createLongRunningCommand,
  type LogOptions,
  runUntilSignal,
} from './runner.ts';
import { LocalWorkspaces } from './emulate/local-workspaces.ts';
import { gather } from './flags.ts';
import { readYamlFile } from './yaml-file.ts';

interface EmulateFlags extends LogOptions {
  readonly 'web.listenAddress': string;
  readonly account: string;
  readonly region: readonly string[];
  readonly 'iam.strict'?: boolean;
  readonly scenario?: string;
  readonly 'storage.path'?: string;
  readonly runTasks?: boolean;
  readonly images?: string;
  readonly 'tasks.path'?: string;
  readonly 'web.allowedHost': readonly string[];
}

export function createEmulateCommand(): Command {
  return createLongRunningCommand('emulate')
    .description(
      'Local AWS endpoints: AMP, Auto Scaling, Cloud Map, CloudFormation, CloudWatch and its ' +
        'Logs, EC2, ECS, EFS, ElastiCache, IAM, MSK, RDS,\nS3, SSM, Secrets Manager, SQS, STS, ' +
        'X-Ray; OTLP, container credentials, instance metadata v2, task metadata v4.',
    )
    .option('--web.listen-address <host:port>', 'address to serve on', '127.0.0.1:4566')
    .option('--account <id>', 'the account whose keys are given, of 12 digits', DEFAULT_ACCOUNT)
    .option(
      '--region <region>',
      'a region that signatures may name; may be given several times, and the first is that of ' +
        'what names none (default: us-east-1)',
      gather,
      [],
    )
    .option(
      '--web.allowed-host <name>',
      'a name of the public DNS by which it is asked for; others but those of AWS are refused, ' +
        'addresses and private names pass; may be given several times',
      gather,
      [],
    )
    .option(
      '--iam.strict',
      'a role that nobody created may do nothing; without it such a role may do all',
    )
    .option(
      '--storage.path <dir>',
      'folder of what workspaces of AMP keep, one in it for each (default: a temporary folder, ' +
        'removed at the end)',
    )
    .option('--scenario <file>', 'YAML file of what happens: calls, objects, tasks, trouble')
    .option(
      '--run-tasks',
      'the containers of tasks are local processes: our commands in the place of their images',
    )
    .option('--images <file>', 'YAML file: which program of this machine stands for which image')
    .option(
      '--tasks.path <folder>',
      'folder of what tasks write; file systems of EFS stay in it (default: a temporary one)',
    )
    .addHelpText(
      'after',
      `
Administration, from this machine only and not from tasks, PUT with JSON:
  /_emulator/ecs/instances, /_emulator/ecs/tasks, /_emulator/ecs/task-state   what AWS does by itself
  /_emulator/ecs/interrupt                                                    ends a task as Fargate Spot does
  /_emulator/ec2/instances, /_emulator/ec2/instance-state                     instances of EC2
  /_emulator/events {"queue":"name"}                                          changes of tasks and instances go to this queue
  /_emulator/tasks/ID (and DELETE)                                            task metadata v4 of real processes
  /_emulator/trouble {"throttle":1,"faults":[{"action":"DescribeTasks","code":"AccessDeniedException","share":0.5}],
                      "skewMs":3600000,"credentialsStatus":500,"credentialsToken":"secret"}
GET /_emulator/credentials/KEY                                                the secret of a temporary key; header x-amperage-emulator: 1
GET /_emulator/workspaces/ID/                                                 the web page of a workspace of AMP
GET /_emulator/names/NAME                                                     what the private DNS of Cloud Map answers
GET /_emulator/xray, /_emulator/logs,                                         what X-Ray, CloudWatch Logs and CloudWatch received;
    /_emulator/cloudwatch, /_emulator/cloudwatch/otlp                         DELETE forgets it

A scenario:
  steps:
    - { call: ecs.CreateCluster, input: { clusterName: demo } }
    - { call: ssm.PutParameter, input: { Name: /a, Type: String, Value: b } }
    - { object: s3://config/prometheus.yml, text: 'global: {}' }
    - { after: 30s, admin: trouble, input: { throttle: 1 } }

What the emulator does not know it refuses by name: actions (UnknownOperationException), members of a request and parameters
(NotImplemented, UnknownParameter), values. So an empty list in an answer means that there is nothing.

Requests must be signed with the keys in EMULATE_ACCESS_KEY and EMULATE_SECRET_KEY; without them a pair is made and printed.

Examples:
  amperage emulate
  amperage emulate --scenario account.yml
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_DEFAULT_REGION=us-east-1 aws servicediscovery list-namespaces   # with its keys
`,
    )
    .action(run);
}

async function run(flags: EmulateFlags): Promise<void> {
  const world = createWorld(flags);
  const accessKeyId = process.env['EMULATE_ACCESS_KEY'];
  const secretAccessKey = process.env['EMULATE_SECRET_KEY'];
  const isGiven = accessKeyId !== undefined && secretAccessKey !== undefined;
  const credentials = isGiven ? { accessKeyId, secretAccessKey } : generateKeys();
  const { 'web.listenAddress': listen, scenario: file, account: accountId } = flags;
  if (!/^\d{12}$/.test(accountId))
    throw new ConfigError('FLAG_VALUE', `--account ${accountId}: an account's id has 12 digits`);
  const [region = 'us-east-1', ...more] = flags.region;
  const { 'storage.path': given } = flags;
  const folder = given ?? mkdtempSync(join(tmpdir(), 'amperage-emulate-'));
  makeNamedFolder(folder, '--storage.path');
  const workspaces = new LocalWorkspaces({ folder, isTemporary: given === undefined, world });
  const cloud = new EmulatedCloud({
    workspaceHost: workspaces,
    clock: world.clock,
    accountId,
    regions: [region, ...more],
    credentials,
    isStrict: flags['iam.strict'] === true,
  });
  const usage = new UsageReporter(cloud);
  const allowedHosts = flags['web.allowedHost'];
  const tasks = await createTasks(flags, world);
  const emulator = createEmulator({
    world,
    listen,
    cloud,
    allowedHosts,
    ...(tasks === undefined ? {} : { tasks }),
  });
  const steps =
    file === undefined
      ? []
      : parseScenario(
          await readYamlFile(file, { flag: '--scenario', code: 'EMULATOR_SCENARIO' }),
          file,
        );
  const url = (): string => emulator.url;
  const scenario = new Scenario(steps, { world, url, region, credentials });
  // A secret is printed here alone: these keys are made for this run, and nobody else knows them.
  if (!isGiven)
    process.stdout.write(
      `AWS_ACCESS_KEY_ID=${credentials.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}\n`,
    );
  await runUntilSignal(
    new Group('emulate', [
      workspaces,
      usage,
      emulator,
      ...(tasks === undefined ? [] : [tasks]),
      scenario,
    ]),
    world,
    {
      flags,
      started: () => ({ address: emulator.listensAt, region, scenario: file }),
      totals: { calls: ['emulator_calls_total'] },
    },
  );
}

/** @throws ConfigError */
async function createTasks(flags: EmulateFlags, world: World): Promise<LocalTasks | undefined> {
  const { images: file, runTasks, 'tasks.path': folder } = flags;
  if (runTasks !== true) {
    if (file === undefined && folder === undefined) return undefined;
    throw new ConfigError('USAGE', '--images and --tasks.path are for --run-tasks alone');
  }
  const rules =
    file === undefined
      ? []
      : parseImages(await readYamlFile(file, { flag: '--images', code: 'EMULATOR_IMAGES' }), file);
  return new LocalTasks({
    world,
    images: new Images(rules),
    ownLine: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    ...(folder === undefined ? {} : { folder: resolve(folder) }),
  });
}

/** Makes keys that hold for this run. */
function generateKeys(): { accessKeyId: string; secretAccessKey: string } {
  return {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };
}
