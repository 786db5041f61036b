/** Parts of ARNs that AWS has not are refused by every `generate` command that has such a flag. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createGenerateCommand } from '../generate.ts';
import { findPartition, PARTITION_NAMES } from '../../deploy/partitions.ts';

const BAD: Readonly<Record<string, readonly string[]>> = {
  account: ['', '12345', '1234567890123', '12345678901x', '1234-5678-9012'],
  region: ['', 'europe', 'eu-west', 'eu-west-1a', 'EU-WEST-1', 'eu-west-1 '],
  partition: ['', 'amazon', 'AWS', 'aws-china', '*'],
  cluster: ['', 'a b', 'a/b', 'arn:aws:ecs:eu-west-1:123456789012:cluster/prod', 'x'.repeat(256)],
  subnets: ['', 'vpc-0a1b2c3d', 'subnet-xyz', 'subnet-0a,subnet-0b'],
  securityGroups: ['', 'default', 'sg-', 'sg-0A'],
  alias: ['', '-a', 'a b', 'a'.repeat(101)],
  workspace: ['ws-1', 'arn:aws:aps:eu-west-1:1:workspace/ws-1'],
};

function find(name: string): Command {
  const found = createGenerateCommand(() => undefined).commands.find((one) => one.name() === name);
  assert.ok(found, name);
  return found.exitOverride().configureOutput({ writeErr: () => undefined });
}

const NAMES = createGenerateCommand(() => undefined).commands.map((one) => one.name());
/** Their values are words of their own, files or folders. */
const OTHERS = new Set(['allowPartial', 'for', 'force', 'output', 'shard', 'source']);

test('each flag that names a thing of AWS refuses what cannot be its name', async () => {
  let count = 0;
  for (const name of NAMES)
    for (const option of find(name).options) {
      const key = option.attributeName();
      if (OTHERS.has(key)) continue;
      const values = BAD[key];
      assert.ok(values, `generate ${name} --${key}: what is refused?`);
      for (const value of values) {
        count += 1;
        await assert.rejects(
          find(name).parseAsync(['file', option.long ?? '', value], { from: 'user' }),
          { code: 'commander.invalidArgument' },
          `${name} ${option.long} ${JSON.stringify(value)}`,
        );
      }
    }
  assert.ok(count > 30, String(count));
});

test('a region tells its partition, and another one beside it is refused', async () => {
  const rows = {
    'eu-west-1': 'aws', 'us-gov-west-1': 'aws-us-gov', 'cn-north-1': 'aws-cn', 'us-iso-east-1': 'aws-iso',
    'us-isob-east-1': 'aws-iso-b', 'eu-isoe-west-1': 'aws-iso-e', 'us-isof-south-1': 'aws-iso-f',
    'eusc-de-east-1': 'aws-eusc',
  }; // prettier-ignore
  for (const [region, partition] of Object.entries(rows))
    assert.equal(findPartition(region), partition, region);
  assert.deepEqual(
    PARTITION_NAMES.filter((name) => !Object.values(rows).includes(name)),
    [],
  );
  const run = async (...argv: readonly string[]): Promise<string> => {
    let written = '';
    const command = createGenerateCommand((text) => (written += text));
    await command.parseAsync(['policies', '--for', 'proxy', ...argv], { from: 'user' });
    return written;
  };
  assert.match(await run('--region', 'cn-north-1'), /"arn:aws-cn:aps:cn-north-1:\*:workspace/);
  assert.match(await run('--partition', 'aws-us-gov'), /"arn:aws-us-gov:aps:\*:\*:workspace/);
  assert.match(await run(), /"arn:aws:aps:\*:\*:workspace/);
  await assert.rejects(run('--region', 'cn-north-1', '--partition', 'aws'), {
    code: 'FLAG_COMBINATION',
    message: '--partition aws has no region cn-north-1, which is of aws-cn: leave it out',
  });
});
