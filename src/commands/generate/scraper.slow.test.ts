/** The AWS CLI's own model of the call judges the input, without a network. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createScraperCommand } from './scraper.ts';

const hasAws = spawnSync('aws', ['--version'], { stdio: 'ignore' }).status === 0;

test(
  "the AWS CLI's model takes the input",
  { skip: hasAws ? false : 'no aws' },
  async (context) => {
    const file = path.join(temporaryFolder(context), 'prometheus.yml');
    writeFileSync(
      file,
      'scrape_configs: [{ job_name: a, static_configs: [{ targets: [10.0.0.1:80] }] }]',
    );
    let output = '';
    await createScraperCommand((more) => (output += more)).parseAsync(
      [
      file, '--workspace', 'arn:aws:aps:eu-west-1:123456789012:workspace/ws-1', '--alias', 'tasks',
      '--subnets', 'subnet-0a1b2c3d', 'subnet-4e5f6a7b', '--security-groups', 'sg-0a1b2c3d',
    ], // prettier-ignore
      { from: 'user' },
    );
    const judge = (input: string): string => {
      writeFileSync(file, input);
      return spawnSync(
        'aws',
        [
        'amp', 'create-scraper', '--region', 'eu-west-1', '--cli-input-json', `file://${file}`,
        '--generate-cli-skeleton', 'output',
      ], // prettier-ignore
        { encoding: 'utf8' },
      ).stderr;
    };
    assert.equal(judge(output), '');
    assert.match(judge(output.replace('subnetIds', 'subnets')), /vpcConfiguration.*subnets/);
  },
);
