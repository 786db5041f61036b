/**
 * `amperage check emf`: validates events of the embedded metric format, a line each, from files or
 * standard input, without asking AWS. Lines are read as they come, so that a file may be of any
 * size; a line that is longer than an event may be is a fault, and the rest of it is passed over.
 * Limits: 1,000 faults are printed; all are counted.
 */
import { createReadStream } from 'node:fs';
import { Command } from 'commander';
import { escapeControls } from '../../kernel/control-characters.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { EMF_EVENT_BYTES_MAX } from '../../wire/emf/limits.ts';
import { validateEmf } from '../../wire/emf/validate.ts';
import { readBoundedLines } from './bounded-lines.ts';

const PRINTED_MAX = 1_000;

interface Counts {
  readonly events: number;
  /** Of them, those of which no metric is made, as nothing in them asks for it. */
  readonly plain: number;
  readonly faults: number;
}

export function createCheckEmfCommand(write: (text: string) => void): Command {
  return new Command('emf')
    .description('check events of the embedded metric format, a line each')
    .argument('[files...]', 'files of events; standard input for "-", and without any')
    .option('--timestamps', 'also check that timestamps are such as CloudWatch Logs takes now')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage check emf events.jsonl\n  docker logs app | amperage check emf ' +
        '--timestamps\n  amperage check emf - < events.jsonl\n',
    )
    .action(async (files: readonly string[], options: { timestamps?: boolean }) => {
      const nowMs = options.timestamps === true ? Date.now() : undefined;
      let printed = 0;
      const say = (line: string): void => {
        if (printed++ < PRINTED_MAX) write(`${escapeControls(line)}\n`);
      };
      let faults = 0;
      let plain = 0;
      for (const given of files.length === 0 ? ['-'] : files) {
        const file = given === '-' ? undefined : given;
        const counts = await checkEvents(file, nowMs, say);
        faults += counts.faults;
        plain += counts.plain;
        write(`${file ?? STDIN}: ${describeCounts(counts)}\n`);
      }
      if (printed > PRINTED_MAX) write(`${printed - PRINTED_MAX} more are not shown\n`);
      if (faults > 0)
        throw new ConfigError(
          'EMF_INVALID',
          `${formatCount(faults, 'fault')} in events of the embedded metric format`,
        );
      // An event without metrics is no error, yet a script can see it in the status.
      if (plain > 0) process.exitCode = 3;
    });
}

const STDIN = 'standard input';

/** @param say  takes a line for each fault and remark, with file and number of the line */
async function checkEvents(
  file: string | undefined,
  nowMs: number | undefined,
  say: (line: string) => void,
): Promise<Counts> {
  const name = file ?? STDIN;
  const stream = file === undefined ? process.stdin : createReadStream(file);
  let events = 0;
  let plain = 0;
  let faults = 0;
  try {
    for await (const { number, text } of readBoundedLines(stream, EMF_EVENT_BYTES_MAX)) {
      if (text?.trim() === '') continue;
      events += 1;
      if (text === undefined) {
        faults += 1;
        say(`${name}:${number}: an event has at most ${EMF_EVENT_BYTES_MAX} bytes`);
        continue;
      }
      const report = validateEmf(text, { nowMs });
      const isPlain = report.root !== undefined && !asksForMetrics(report.root);
      if (isPlain || (report.faults.length === 0 && !report.hasDirectives)) {
        plain += 1;
        say(`${name}:${number}: no metric is made of it, as it names none in "_aws"`);
        continue;
      }
      for (const { path, message } of report.faults) {
        faults += 1;
        say(`${name}:${number}: ${path === '' ? 'the event' : path} ${message}`);
      }
    }
  } catch (error) {
    throw new ConfigError('EMF_FILE', `cannot read "${name}"; give a file of events, a line each`, {
      cause: error,
    });
  }
  return { events, plain, faults };
}

function asksForMetrics(root: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(root, '_aws') || Object.hasOwn(root, 'CloudWatchMetrics');
}

function describeCounts({ events, plain, faults }: Counts): string {
  const without = plain === 0 ? '' : `, ${plain} without metrics`;
  return `${formatCount(events, 'event')}${without}, ${formatCount(faults, 'fault')}`;
}

function formatCount(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
