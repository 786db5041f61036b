/**
 * `amperage emulate`: local AWS endpoints for trying and testing, with verified signatures.
 */
import { randomBytes } from 'node:crypto';
import { type Command } from 'commander';
import { createEmulator } from '../emulator/server.ts';
import { createWorld, longRunningCommand, type LogOptions, runUntilSignal } from './runner.ts';

interface EmulateFlags extends LogOptions {
  readonly listen: string;
  readonly region: string;
}

export function emulateCommand(): Command {
  return longRunningCommand('emulate')
    .description(
      'Local AWS endpoints: S3, SSM parameters, Secrets Manager, Cloud Map, ECS, EC2, SQS, STS, container credentials,\ninstance metadata v2, task metadata v4.',
    )
    .option('--listen <host:port>', 'address to serve on', '127.0.0.1:4566')
    .option('--region <region>', 'region that signatures must name', 'us-east-1')
    .addHelpText(
      'after',
      '\nAdmin side, from this machine, PUT with JSON: /_emulator/ecs/instances, /_emulator/ecs/tasks, /_emulator/ecs/task-state, /_emulator/events,\n/_emulator/trouble {"throttle":1,"faults":[{"action":"DescribeTasks","code":"AccessDeniedException","share":0.5}],"skewMs":3600000,"credentialsStatus":500}\n\nSigned with the keys in EMULATE_ACCESS_KEY and EMULATE_SECRET_KEY; without them a pair is made and printed.\n\nExamples:\n  amperage emulate\n  AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws servicediscovery list-namespaces\n',
    )
    .action(run);
}

async function run(flags: EmulateFlags): Promise<void> {
  const world = createWorld(flags);
  const accessKeyId = process.env['EMULATE_ACCESS_KEY'];
  const secretAccessKey = process.env['EMULATE_SECRET_KEY'];
  const credentials =
    accessKeyId !== undefined && secretAccessKey !== undefined
      ? { accessKeyId, secretAccessKey }
      : newKeys();
  await runUntilSignal(
    createEmulator({ world, listen: flags.listen, region: flags.region, credentials }),
    world,
  );
}

/** Keys of this run alone; the one place that prints a secret, since nobody else could know it. */
function newKeys(): { accessKeyId: string; secretAccessKey: string } {
  const keys = {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };
  process.stdout.write(
    `AWS_ACCESS_KEY_ID=${keys.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${keys.secretAccessKey}\n`,
  );
  return keys;
}
