/**
 * How the containers of a task become processes: programs, arguments and environment. Nothing of
 * the emulator's own environment is passed on but PATH.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ContainerDefinition, Task, TaskDefinition } from '../shapes.ts';
import type { ContainerPlan } from './container.ts';
import { type Images, OWN_PROGRAM } from './images.ts';
import { type ContainerView, writeContainerView } from './view-text.ts';
import { replacePaths } from './volumes.ts';

export interface PlanParts {
  readonly task: Task;
  readonly definition: TaskDefinition;
  readonly images: Images;
  /** This program: Node and its main file. */
  readonly ownLine: readonly string[];
  readonly folder: string;
  /** What ECS puts into the environment of the container, and its secrets. */
  readonly given: Readonly<Record<string, string>>;
  readonly view: ContainerView;
}

/** The compiler does not rewrite URLs: the file beside this one ends as this one does. */
const VIEW_FILE = pathToFileURL(
  path.join(import.meta.dirname, `container-view${path.extname(import.meta.filename)}`),
).href;

/** @throws Error where nothing stands for the image */
export function planContainer(container: ContainerDefinition, parts: PlanParts): ContainerPlan {
  const { task, images, view, folder, given } = parts;
  const override = task.overrides.containerOverrides.find(({ name }) => name === container.name);
  const rule = images.find(container.image);
  const entry = container.entryPoint ?? rule.program;
  const hasEntry = container.entryPoint !== undefined;
  const command = override?.command ?? container.command ?? (hasEntry ? [] : rule.command);
  const own = [...(container.environment ?? []), ...(override?.environment ?? [])];
  const written = Object.fromEntries(own.map(({ name, value }) => [name, value]));
  const toLine = (words: readonly string[]): readonly string[] => {
    const [program = '', ...rest] = words;
    if (path.basename(program) !== OWN_PROGRAM) return words.map((word) => toText(word, view));
    // The image has the command under its name, and task definitions may repeat it.
    const [first, ...others] = rest;
    const isRepeated = first !== undefined && path.basename(first) === OWN_PROGRAM;
    return [...parts.ownLine, ...(isRepeated ? others : rest)];
  };
  const options = `--import=${VIEW_FILE}`;
  return {
    definition: container,
    line: toLine([...entry, ...command]),
    folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      HOSTNAME: `ip-${view.address.replaceAll('.', '-')}.ec2.internal`,
      ...given,
      ...written,
      NODE_OPTIONS: [options, written['NODE_OPTIONS'] ?? ''].join(' ').trim(),
      ...writeContainerView(view),
    },
    checkLine: ([kind, ...words]) =>
      kind === 'CMD-SHELL' ? ['sh', '-c', toText(words.join(' '), view)] : toLine(words),
  };
}

/** A place of the container's own: localhost, or a port at all addresses. */
const OWN_PLACE =
  /\b(?:localhost|127\.0\.0\.1)\b(?::(\d+)\b)?|(?:(?<=^|=)|\b0\.0\.0\.0|\[::\]):(\d+)\b/g;

/** Other programs know nothing of the task's address, nor of its folders. */
function toText(text: string, { address, ports, mounts }: ContainerView): string {
  const placed = text.replaceAll(OWN_PLACE, (_, named?: string, bare?: string) => {
    const port = named ?? bare;
    return port === undefined ? address : `${address}:${ports[port] ?? port}`;
  });
  return replacePaths(placed, mounts);
}
