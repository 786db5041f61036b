/**
 * The table of sinks; all other code derives from it which kinds there are.
 */
import type { z } from 'zod';
import { fileKind } from './file/kind.ts';
import { remoteWriteKind } from './remote-write/kind.ts';
import type { ResolvedSink, Sink, SinkContext, SinkKind, SinkParts } from './sink.ts';

export const sinkKinds = [remoteWriteKind, fileKind] as const;

type AnyKind = (typeof sinkKinds)[number];

/** The parsed entries that a configuration may have under each kind's key. */
export type SinkInputs = {
  readonly [Kind in AnyKind as Kind['key']]?: readonly z.output<Kind['schema']>[] | undefined;
};

/** One entry, checked and with its defaults, which can be opened. */
export interface OpenableSink extends ResolvedSink<unknown> {
  readonly kind: AnyKind['kind'];
  open(parts: SinkParts): Sink;
}

/** Resolves an entry. @param input  as the schema of `kind` has parsed it */
export function resolveSink(kind: SinkKind, input: unknown, context: SinkContext): OpenableSink {
  const resolved = kind.resolve(input, context);
  return {
    ...resolved,
    kind: kind.kind as AnyKind['kind'],
    open: (parts) => kind.open(resolved, parts),
  };
}
