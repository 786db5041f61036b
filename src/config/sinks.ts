/**
 * The sinks of a configuration: their keys from the table of sinks, unique names, and the folders
 * of their queues.
 */
import { createHash } from 'node:crypto';
import type * as z from 'zod';
import type { ConfigPath, Reporter } from '../settings/finding.ts';
import { listOf } from '../settings/text.ts';
import type { DirectSinkKind, SinkContext, SinkKind } from '../sinks/sink.ts';
import { type OpenableSink, resolveSink, sinkKinds, type SinkInputs } from '../sinks/sinks.ts';
import type { SinkPlan, TransformPlan } from './plan.ts';

type SinkShape = {
  [One in (typeof sinkKinds)[number] as One['key']]: z.ZodOptional<z.ZodArray<One['schema']>>;
};

/** The keys of all kinds, each with a list of entries. */
export const sinkShape = Object.fromEntries(
  sinkKinds.map(({ key, schema }) => [
    key,
    listOf(schema as z.ZodType)
      .optional()
      .describe(schema.description ?? ''),
  ]),
) as unknown as SinkShape;

/** An entry that its kind's schema has accepted, and where it is written. */
export interface SinkEntry {
  readonly kind: SinkKind | DirectSinkKind;
  readonly input: unknown;
  readonly path: ConfigPath;
}

/** What `sinkShape` has parsed, in the order of the table. */
export function listSinkEntries(inputs: SinkInputs): readonly SinkEntry[] {
  return sinkKinds.flatMap((kind) =>
    (inputs[kind.key] ?? []).map((input, index): SinkEntry => ({
      kind: kind as unknown as SinkKind | DirectSinkKind,
      input,
      path: [kind.key, index],
    })),
  );
}

export interface PlannedSinks {
  readonly sinks: readonly SinkPlan[];
  readonly transforms: readonly TransformPlan[];
}

export function planSinks(
  entries: readonly SinkEntry[],
  context: Omit<SinkContext, 'path'>,
): PlannedSinks {
  const { report } = context;
  const entriesById = new Map<string, SinkEntry>();
  const writers = new Map<string, SinkEntry>();
  const ordinals = new Map<string, number>();
  const transforms: TransformPlan[] = [];
  const sinks = entries.map((entry): SinkPlan => {
    const { kind, input, path } = entry;
    const resolved = resolveSink(kind, input, { ...context, path });
    const name = resolved.name ?? nameFromAddress(resolved, ordinals);
    const id = `${kind.kind}/${name}`;
    const other = entriesById.get(id);
    if (other !== undefined)
      report.error(
        resolved.name === undefined ? path : [...path, 'name'],
        'CONFIG_DUPLICATE',
        `name "${name}" is used by ${formatPath(other.path)} already; names must be unique`,
      );
    entriesById.set(id, entry);
    if (resolved.name === '' || name.length > NAME_MAX)
      report.error([...path, 'name'], 'CONFIG_VALUE', `a name has 1 to ${NAME_MAX} characters`);
    const address = `${kind.kind} ${resolved.address}`;
    const writer = kind.hasOneWriter === true ? writers.get(address) : undefined;
    if (writer !== undefined)
      report.error(
        path,
        'CONFIG_DUPLICATE',
        `${resolved.shownAddress} is written by ${formatPath(writer.path)} already; ` +
          'give each entry an address of its own',
      );
    warnOfOrder(entry, resolved.name, writers.get(address), report);
    writers.set(address, entry);
    const own = resolved.transforms.map((transform, index) => ({
      id: `${id}:${index}`,
      transform,
    }));
    transforms.push(...own);
    const names = {
      id,
      name,
      version: digest(JSON.stringify([input, context.baseDirectory])),
      transforms: own.map((one) => one.id),
      position: report.positionOf(path),
    };
    return resolved.delivery === undefined
      ? { ...resolved, ...names }
      : { ...resolved, ...names, folder: nameFolder(kind.kind, name) };
  });
  return { sinks, transforms };
}

/** Without names, entries of one address are told apart by their order alone. */
function warnOfOrder(
  { path }: SinkEntry,
  name: string | undefined,
  other: SinkEntry | undefined,
  report: Reporter,
): void {
  if (name !== undefined || other === undefined) return;
  report.warn(
    path,
    `it delivers to the same place as ${formatPath(other.path)}, and the order of the two tells ` +
      'them apart; give each a "name", or what waits for one may go out as the other\'s when ' +
      'they are reordered',
  );
}

/**
 * Makes a name that is the same in each run, so that the sink finds its queue again: the host or
 * the file, for readers, and the beginning of a digest, which tells addresses apart.
 */
function nameFromAddress(
  { kind, address, shownAddress }: OpenableSink,
  ordinals: Map<string, number>,
): string {
  const place = namePlace(shownAddress);
  const code = digest(address).slice(0, 6);
  const short = place === '' ? code : `${place}-${code}`;
  const ordinal = (ordinals.get(`${kind}/${short}`) ?? 0) + 1;
  ordinals.set(`${kind}/${short}`, ordinal);
  return ordinal === 1 ? short : `${short}-${ordinal}`;
}

const PLACE_MAX = 60;

/** The host of a URL, or the last part of a path, in characters that are plain in each place. */
function namePlace(shown: string): string {
  const [first = ''] = shown.split(' and ');
  const host = URL.canParse(first) ? new URL(first).hostname : '';
  return (host === '' ? (first.split('/').at(-1) ?? '') : host)
    .replaceAll(/[^A-Za-z0-9.]+/g, '-')
    .slice(0, PLACE_MAX)
    .replaceAll(/^[-.]+|[-.]+$/g, '');
}

/** A name becomes that of a folder, which file systems limit to 255 bytes. */
const NAME_MAX = 200;
/** Names of folders that hold something else. */
const RESERVED = new Set(['.', '..', 'configuration']);

/**
 * Makes the name of a queue's folder: the sink's name for remote_write, `kind@name` for other
 * kinds. An encoded name has no "@", so two kinds never share a folder.
 */
function nameFolder(kind: string, name: string): string {
  // encodeURIComponent throws for half a surrogate pair; the Buffer replaces it.
  const safe = encodeURIComponent(Buffer.from(name).toString());
  return kind === 'remote_write' && !RESERVED.has(safe) ? safe : `${kind}@${safe}`;
}

/** The kind and the name of which `nameFolder` makes this; undefined where it makes no such. */
export function readFolderName(
  folder: string,
): { readonly kind: string; readonly name: string } | undefined {
  const [, kind = 'remote_write', safe = ''] = /^(?:([^@]+)@)?([^@]+)$/.exec(folder) ?? [];
  try {
    const name = decodeURIComponent(safe);
    return nameFolder(kind, name) === folder ? { kind, name } : undefined;
  } catch {
    return undefined;
  }
}

function formatPath(path: ConfigPath): string {
  return path
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`,
    )
    .join('');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
