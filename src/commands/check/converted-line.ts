/**
 * Writes a converted command line as a script of a shell: comments for what changes and what is
 * lost, a file for what flags meant of a configuration, and our command line.
 */
import { stringify } from 'yaml';
import { checkConfigText } from '../../config/load.ts';
import { formatFinding } from '../../settings/finding.ts';
import type { LineConversion } from '../replaced/convert-line.ts';

/** Where the script writes the configuration that flags meant. */
const PART = 'flags.yml';
const WIDTH_MAX = 100;

export interface WrittenLine {
  readonly script: string;
  /** What is lost, each with what to do instead. */
  readonly losses: readonly string[];
}

export async function writeConvertedLine(
  program: string,
  { words, env, parts, notes, losses: known }: LineConversion,
): Promise<WrittenLine> {
  const texts = parts.map((part) => stringify(part, { lineWidth: 0 }));
  const faults = await Promise.all(texts.map(findFaults));
  const losses = [...known, ...faults.flat()];
  const names = parts.map((_, index) => (index === 0 ? PART : `flags-${index + 1}.yml`));
  const lines = [
    ...toComments(`Made of a command line of ${program}.`),
    ...(notes.length === 0 ? [] : toComments('What changes:', ...notes.map(toItem))),
    ...(losses.length === 0 ? [] : toComments('What is lost:', ...losses.map(toItem))),
    ...texts.flatMap((text, index) => [`cat > ${names[index]} <<'END'`, `${text}END`]),
    foldLine([
      ...Object.entries(env).map(([name, value]) => `${name}=${quoteWord(value ?? '')}`),
      'amperage',
      ...[...words, ...names.map((name) => `--config=${name}`)].map(quoteWord),
    ]),
  ];
  return { script: `${lines.join('\n')}\n`, losses };
}

/** What an entry of remote_write is refused for; other parts say nothing without their whole. */
async function findFaults(text: string): Promise<string[]> {
  if (!/^(?:global|remote_write):/.test(text)) return [];
  const env = new Proxy({}, { get: () => 'x', has: () => true });
  const { findings } = await checkConfigText(text, PART, { env });
  return findings.filter(({ severity }) => severity === 'error').map(formatFinding);
}

function toItem(sentence: string): string {
  return `- ${sentence}`;
}

function toComments(...sentences: readonly string[]): string[] {
  return sentences.map((sentence) => `# ${sentence.replaceAll(/\p{Cc}+/gu, ' ')}`);
}

function quoteWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A word a line where all of them together are long. */
function foldLine(words: readonly string[]): string {
  const line = words.join(' ');
  if (line.length <= WIDTH_MAX) return line;
  const name = words.indexOf('amperage') + 2;
  return [words.slice(0, name).join(' '), ...words.slice(name)].join(' \\\n  ');
}
