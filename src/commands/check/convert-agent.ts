/**
 * `amperage check convert` for the JSON file of CloudWatch's agent: finds the jobs that the file
 * names, and writes the configuration with a comment for each thing that is lost.
 */
import { basename, dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { stringify } from 'yaml';
import { isAgentConfig } from '../../config/agent-config.ts';
import { convertAgent } from '../../config/convert/from-agent.ts';
import { type CheckedConfig, checkConfigText } from '../../config/load.ts';
import { openDocument } from '../../config/reading.ts';
import { parseForeignYaml } from '../../kernel/foreign-yaml.ts';
import { formatFinding } from '../../settings/finding.ts';
import { readBoundedFile } from './given-line.ts';

export interface ConvertedAgent {
  readonly text: string;
  /** How many things are lost. */
  readonly losses: number;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Undefined where it is no file of the agent, or no text of any such form. */
export async function convertAgentFile(
  file: string,
  { text }: Pick<CheckedConfig, 'text'>,
  env: Env,
): Promise<ConvertedAgent | undefined> {
  const reading = { findings: [], texts: [], env, allowsPartial: false };
  const opened = await openDocument(text, file, reading);
  if (opened === undefined || !isAgentConfig(opened.document.value)) return undefined;
  const { document, changes, losses } = convertAgent(opened.document.value, (path) =>
    parseForeignYaml(readJobsText(path, file, env)),
  );
  const body = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
  const places = losses.map(({ path, words }) => {
    const { line } = opened.document.locate(path, 'key');
    return `${path.join('.')} (line ${line}): ${words}`;
  });
  const faults = [...places, ...(await findFaults(body, file))];
  const lines = [
    `Made of ${file}, a file of CloudWatch's agent.`,
    ...tell('What changes:', changes),
    ...tell('What is lost:', faults),
  ];
  const comments = lines.map((line) => `# ${line.replaceAll(/\p{Cc}+/gu, ' ')}\n`);
  return { text: comments.join('') + body, losses: faults.length };
}

function tell(title: string, sentences: readonly string[]): string[] {
  return sentences.length === 0 ? [] : [title, ...sentences.map((sentence) => `- ${sentence}`)];
}

/** In the task it is another folder: beside the file is looked, too. */
function readJobsText(path: string, file: string, env: Env): string {
  const [, variable] = /^env:(.*)$/s.exec(path) ?? [];
  if (variable === undefined) {
    const beside = join(dirname(file), basename(path.replaceAll('\\', '/')));
    return readBoundedFile(existsSync(path) ? path : beside);
  }
  const text = env[variable];
  if (text === undefined) throw new Error(`the variable ${variable} is not set`);
  return text;
}

/** What the configuration itself is refused for; the task's variables are not known here. */
async function findFaults(body: string, file: string): Promise<string[]> {
  const known = new Proxy({}, { get: () => 'x', has: () => true });
  const name = join(dirname(file), 'prometheus.yml');
  const { findings } = await checkConfigText(body, name, { env: known });
  return findings.filter(({ severity }) => severity === 'error').map(formatFinding);
}
