/**
 * The published articles about metrics of ECS: what they show, cut out by heading. They lie beside
 * the project, never in it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { conformance, conformancePath, skipWithoutConformance } from './conformance.ts';
import type { ContainerDefinition } from './published-tasks.ts';

const FOLDER = '../background';

/** For `test(name, { skip })`, as `skipWithoutConformance`. */
export const skipWithoutArticles: string | false =
  conformance !== undefined &&
  !existsSync(conformancePath(FOLDER)) &&
  process.env['CI'] === undefined
    ? 'the published articles are not beside the project (../shared/background)'
    : skipWithoutConformance;

/** Where a block begins: a fence, or a line of code in an article that indents it. */
const FENCE = /^ *```/;
const INDENTED = /^ {4}(?:[[{]|\w+:$)/;
const HEADING = /^#+ (\d\)|.*)|^ {2}(\d\.) /;
/** What stands within sentences: queries, and a variable with its value. */
const QUERY = /computed as: (.+?)(?:\. .*)?$|\*((?:sum\(|100 - ).+)\*$/;
const VARIABLE = /variable (AWS_XRAY_DAEMON_ADDRESS) set to (\S+)/;

/**
 * Text by name: number of the article and heading, `(2)` for the second below it.
 */
export function listArtefacts(): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const file of readdirSync(conformancePath(FOLDER))) {
    const add = (name: string, text: string): void => {
      const whole = `${file[0] ?? ''}: ${name}`;
      let key = whole;
      for (let i = 2; found[key] !== undefined; i++) key = `${whole} (${i})`;
      found[key] = text;
    };
    cut(readFileSync(conformancePath(FOLDER, file), 'utf8').split('\n'), add);
  }
  return found;
}

function cut(lines: readonly string[], add: (name: string, text: string) => void): void {
  let heading = '';
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const [, title, step] = HEADING.exec(line) ?? [];
    heading = title ?? step ?? heading;
    const [, written, starred] = QUERY.exec(line) ?? [];
    const expression = written ?? starred;
    if (expression !== undefined) add('query', expression);
    const [, variable, value] = VARIABLE.exec(line) ?? [];
    if (variable !== undefined) add(`variable ${variable}`, `${variable}=${value ?? ''}`);
    const isFence = FENCE.test(line);
    if (!isFence && !INDENTED.test(line)) continue;
    const first = isFence ? i + 1 : i;
    const isEnd = (one: string): boolean => (isFence ? FENCE.test(one) : one.trim() === '');
    for (i = first; i < lines.length && !isEnd(lines[i]!);) i++;
    add(heading, lines.slice(first, i).join('\n'));
  }
}

const WITH_VALUE = new Set(['-p', '-v', '-e', '--name']);

/** The container that a command line of `docker run` starts: its image and its arguments. */
export function readDockerRun(line: string): ContainerDefinition {
  const words = line.replaceAll('\\\n', ' ').trim().split(/\s+/).slice(2);
  while (words[0]?.startsWith('-') === true) words.splice(0, WITH_VALUE.has(words[0]) ? 2 : 1);
  const [image = '', ...command] = words;
  return { name: image, image, command };
}

/** What `docker run` is told of ports and files of the machine: `-p 80:8080`, `-v file:path`. */
export function readDockerPlaces(line: string): {
  readonly portMappings: readonly { readonly hostPort: number; readonly containerPort: number }[];
  readonly mounts: readonly { readonly from: string; readonly to: string }[];
} {
  const read = (flag: string): [string, string][] =>
    [...line.matchAll(new RegExp(` ${flag} (\\S+):(\\S+)`, 'g'))].map(([, from = '', to = '']) => [
      from,
      to,
    ]);
  return {
    portMappings: read('-p').map(([host, own]) => ({
      hostPort: Number(host),
      containerPort: Number(own),
    })),
    mounts: read('-v').map(([from, to]) => ({ from, to })),
  };
}
