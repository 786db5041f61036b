/**
 * `amperage check convert`: writes a collector configuration as a Prometheus configuration, or the
 * other way, with a comment for each thing that changes. What it writes is checked before it is
 * printed. Where there is no equivalent, it prints why, and what the configuration does. With
 * `--from` it writes the command line of a replaced program as one of ours.
 */
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { convertDocument } from '../../config/convert/convert.ts';
import type { Conversion } from '../../config/convert/notes.ts';
import { type CheckedConfig, checkConfigText } from '../../config/load.ts';
import { openDocument } from '../../config/reading.ts';
import { parseSourceUri, publicName } from '../../config/sources/uri.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { formatFinding } from '../../settings/finding.ts';
import { convertLine } from '../replaced/convert-line.ts';
import { PROGRAMS } from '../replaced/programs.ts';
import { addTrustFlag } from '../trust.ts';
import { convertAgentFile } from './convert-agent.ts';
import { checkSource } from './configuration.ts';
import { writeConvertedLine } from './converted-line.ts';
import { readBoundedFile, readGivenLine } from './given-line.ts';

/** The commands that stand in for other programs. */
export interface CommandParsers {
  /** A command that has parsed nothing yet. */
  readonly load: (name: string) => Promise<Command>;
  /** Makes of a command line, the command first, what the command's parser understands. */
  readonly normalize: (given: readonly string[]) => readonly string[];
}

export interface ConvertTools {
  readonly write: (text: string) => void;
  /** What `check config` prints of a checked configuration. */
  readonly render: (file: string, checked: CheckedConfig) => string;
  readonly parsers: CommandParsers;
}

const BY_NAME = new Map(
  PROGRAMS.map((program) => [program.name.toLowerCase().replaceAll(' ', '-'), program]),
);

export function createCheckConvertCommand({ write, render, parsers }: ConvertTools): Command {
  return addTrustFlag(new Command('convert'))
    .description(
      'write a configuration of the OpenTelemetry Collector as one of Prometheus, or the other ' +
        'way, with a line for each thing that changes; secrets of the one stand in the other. A ' +
        "file of CloudWatch's agent becomes one of Prometheus, with the jobs of its " +
        'prometheus_config_path. With --from it is a command line that is converted',
    )
    .argument(
      '<source...>',
      'the configuration: a file, or any source that collect takes; with --from, behind "--", a ' +
        'command line with its variables in front, or a file NAME.json with the definition of a ' +
        'container',
    )
    .addOption(
      new Option('--from <program>', 'whose command line it is').choices([...BY_NAME.keys()]),
    )
    .option('--allow-partial', 'as for collect: what cannot be done here is left out, and said')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage check convert otel.yaml > prometheus.yml\n' +
        '  amperage check convert prometheus.yml > otel.yaml\n' +
        '  amperage check convert --from vmagent -- -promscrape.config=scrape.yml ' +
        '-remoteWrite.url=http://a/api/v1/write\n',
    )
    .action(async (given: readonly string[], options: ConvertOptions) =>
      options.from === undefined
        ? convertSource(given, options, { write, render })
        : convertGiven(options.from, given, { write, parsers }),
    );
}

interface ConvertOptions {
  readonly allowPartial?: boolean;
  readonly from?: string;
}

/** @throws ConfigError for a configuration with errors, or where something is lost */
async function convertSource(
  [source = '', ...others]: readonly string[],
  options: ConvertOptions,
  { write, render }: Pick<ConvertTools, 'render' | 'write'>,
): Promise<void> {
  if (others.length > 0)
    throw new ConfigError(
      'USAGE',
      'one configuration is converted at a time; for a command line, say whose it is by --from',
    );
  const file = publicName(parseSourceUri(source), source);
  const checked = await checkSource(source, options);
  const agent = await convertAgentFile(file, checked, process.env);
  if (agent !== undefined) {
    write(agent.text);
    if (agent.losses > 0) throw new ConfigError('CONFIG_UNSUPPORTED', sayLosses(agent.losses));
    return;
  }
  const errors = checked.findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    write(errors.map((one) => `${one.severity}: ${formatFinding(one)}\n`).join(''));
    throw new ConfigError('CONFIG_INVALID', `${file}: ${errors.length} errors; nothing to convert`);
  }
  const { text, faults } = await convertChecked(file, checked);
  if (faults.length === 0) {
    write(text);
    return;
  }
  // In comments, since the output may stand in a file that something reads.
  const reasons = ['There is no equivalent:', ...faults.map((fault) => `- ${fault}`)];
  const plan = ['What it does:', ...render(file, checked).trimEnd().split('\n')];
  write([...reasons, ...plan].map((line) => `# ${line}\n`).join(''));
  throw new ConfigError(
    'CONFIG_NO_EQUIVALENT',
    `${file} has no equivalent in the other dialect; the reasons are printed above`,
  );
}

/** @throws ConfigError FLAG_REPLACED where something is lost, after all was printed */
async function convertGiven(
  from: string,
  given: readonly string[],
  { write, parsers }: Pick<ConvertTools, 'write' | 'parsers'>,
): Promise<void> {
  const program = BY_NAME.get(from);
  if (program === undefined) throw new Error(`BUG: ${from} is a choice and no program`);
  const conversion = convertLine(program, readGivenLine(given), {
    command: await parsers.load(program.command),
    normalize: parsers.normalize,
    readFile: readBoundedFile,
  });
  const { script, losses } = await writeConvertedLine(program.name, conversion);
  write(script);
  if (losses.length > 0) throw new ConfigError('FLAG_REPLACED', sayLosses(losses.length));
}

function sayLosses(count: number): string {
  const things = count === 1 ? 'thing is' : 'things are';
  return `${count} ${things} lost: what to do instead is printed above`;
}

interface Converted {
  readonly text: string;
  /** Why there is no equivalent. */
  readonly faults: readonly string[];
}

/** @param checked  without errors */
export async function convertChecked(file: string, checked: CheckedConfig): Promise<Converted> {
  const reading = { findings: [], texts: [], env: {}, allowsPartial: true };
  const opened = await openDocument(checked.text, file, reading);
  if (opened === undefined) throw new Error(`BUG: ${file} was checked and is no YAML`);
  const conversion = convertDocument(opened.document, reading);
  const body = stringify(conversion.document, { lineWidth: 0, aliasDuplicateObjects: false });
  const faults = [...conversion.obstacles];
  if (faults.length === 0) faults.push(...(await findFaults(body, conversion)));
  return { text: `${renderNotes(file, conversion, checked)}${body}`, faults };
}

/** What the converted configuration itself is refused for. */
async function findFaults(body: string, { to }: Conversion): Promise<readonly string[]> {
  const { findings } = await checkConfigText(body, `${to}.yml`);
  return findings.filter(({ severity }) => severity === 'error').map(formatFinding);
}

function renderNotes(
  file: string,
  { to, changes }: Conversion,
  { findings }: CheckedConfig,
): string {
  const dialect = to === 'prometheus' ? 'Prometheus' : 'the OpenTelemetry Collector';
  const lines = [
    `Made of ${file}, as a configuration of ${dialect}.`,
    ...(changes.length === 0 ? ['It does the same.'] : ['What changes:']),
    ...changes.map((change) => `- ${change}`),
    ...(findings.length === 0 ? [] : ['What was said of the original:']),
    ...findings.map(({ line, message }) => `- line ${line}: ${message}`),
  ];
  return `${lines.map((line) => `# ${line.replaceAll('\n', ' ')}`).join('\n')}\n`;
}
