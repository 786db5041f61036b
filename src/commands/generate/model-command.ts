/**
 * `amperage generate model`: the first model of a deployment, by questions on a terminal; without a
 * terminal the smallest one, to be completed.
 */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { deploymentSchema } from '../../deploy/schema.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { type Answers, askForModel } from './questions.ts';

const EDITOR_LINE =
  '# yaml-language-server: $schema=./node_modules/amperage/schema/deployment.schema.json';

const SMALLEST = `# A deployment of Amperage; docs/keys/deployment.md has all keys.
name: metrics
region: eu-west-1
image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/amperage:0.1.0
network: { vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b] } # or { create: true }
services: [] # for example { name: web, image: 'web:1', port: 8080 }
`;

export function createModelCommand(write: (text: string) => void): Command {
  return new Command('model')
    .description('the model of a deployment, by questions; without a terminal, one to complete')
    .addHelpText('after', '\nExamples:\n  amperage generate model > deployment.yml\n')
    .action(async () => {
      write(
        process.stdin.isTTY ? renderModel(await askOnTerminal()) : `${EDITOR_LINE}\n${SMALLEST}`,
      );
    });
}

/** What was answered, as the text of a file. @throws ConfigError where answers are missing */
export function renderModel(answers: Answers): string {
  if (!deploymentSchema.safeParse(answers).success)
    throw new ConfigError('CONFIG_INVALID', 'the answers ended too early; nothing was written');
  return `${EDITOR_LINE}\n${stringify(answers)}`;
}

/** Questions go to standard error, so that the model can be written to a file. */
async function askOnTerminal(): Promise<Answers> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new AbortController();
  lines.once('close', () => ended.abort());
  try {
    return await askForModel(
      async (question) => lines.question(question, { signal: ended.signal }).catch(() => undefined),
      (sentence) => process.stderr.write(`  ${sentence}\n`),
    );
  } finally {
    lines.close();
  }
}
