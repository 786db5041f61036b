/** `amperage generate scraper`: the input that makes a collector which AWS runs itself. */
import { Command, InvalidArgumentError } from 'commander';
import { checkScraper } from '../../config/scraper.ts';
import { ConfigError, describeError } from '../../kernel/errors.ts';
import { formatFinding } from '../../settings/finding.ts';
import { readBoundedFile } from '../check/given-line.ts';
import { parseIds } from './place-flags.ts';

interface ScraperFlags {
  readonly workspace: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly alias?: string;
}

export function createScraperCommand(write: (text: string) => void): Command {
  return new Command('scraper')
    .description('the input of "aws amp create-scraper", for a collector that AWS runs in a VPC')
    .argument('<configuration>', 'a configuration of Prometheus, of the keys that AWS takes')
    .requiredOption('--workspace <arn>', 'ARN of the workspace that samples go to', parseArn)
    .requiredOption(
      '--subnets <ids...>',
      'subnets that it scrapes from, in two zones at least',
      parseIds('subnet'),
    )
    .requiredOption(
      '--security-groups <ids...>',
      'its security groups; targets let these in',
      parseIds('sg'),
    )
    .option('--alias <name>', 'its name', parseAlias)
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate scraper prometheus.yml --workspace ' +
        'arn:aws:aps:eu-west-1:123456789012:workspace/ws-1 --subnets subnet-0a subnet-0b ' +
        '--security-groups sg-0a > scraper.json\n' +
        '  aws amp create-scraper --cli-input-json file://scraper.json\n',
    )
    .action(async (file: string, flags: ScraperFlags) => {
      const text = readText(file);
      const faults = await checkScraper(text, file);
      if (faults.length > 0)
        throw new ConfigError('CONFIG_INVALID', faults.map(formatFinding).join('; '));
      write(`${JSON.stringify(makeInput(text, flags), null, 2)}\n`);
    });
}

function makeInput(text: string, flags: ScraperFlags): object {
  return {
    ...(flags.alias === undefined ? {} : { alias: flags.alias }),
    scrapeConfiguration: { configurationBlob: Buffer.from(text).toString('base64') },
    source: {
      vpcConfiguration: { subnetIds: flags.subnets, securityGroupIds: flags.securityGroups },
    },
    destination: { ampConfiguration: { workspaceArn: flags.workspace } },
  };
}

function parseArn(text: string): string {
  if (/^arn:[a-z-]+:aps:[a-z0-9-]+:\d{12}:workspace\/ws-/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected an ARN such as arn:aws:aps:us-east-1:123456789012:workspace/ws-….',
  );
}

function parseAlias(text: string): string {
  if (/^[0-9A-Za-z][-.\w]{0,99}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected up to 100 letters, digits, dots, dashes and underscores, first a letter or digit.',
  );
}

function readText(file: string): string {
  try {
    return readBoundedFile(file);
  } catch (error) {
    throw new ConfigError('CONFIG_FILE', `${file} can't be read: ${describeError(error)}`, {
      cause: error,
    });
  }
}
