/**
 * The table of sinks: everything else that knows which kinds there are is derived from it.
 */
import type { z } from 'zod';
import { fileKind } from './file/kind.ts';
import { remoteWriteKind } from './remote-write/kind.ts';
import type { ResolvedSink, Sink, SinkContext, SinkKind, SinkParts } from './sink.ts';

export const sinkKinds = [remoteWriteKind, fileKind] as const;

type AnyKind = (typeof sinkKinds)[number];

/** What configurations may hold under the keys, as parsed. */
export type SinkInputs = {
  readonly [Kind in AnyKind as Kind['key']]?: readonly z.output<Kind['schema']>[] | undefined;
};

/** One entry, checked and with its defaults, and how it is opened. */
export interface OpenableSink extends ResolvedSink<unknown> {
  readonly kind: AnyKind['kind'];
  open(parts: SinkParts): Sink;
}

/** One entry of the table's `kind`, which its schema has accepted. */
export function resolveSink(kind: SinkKind, input: unknown, context: SinkContext): OpenableSink {
  const resolved = kind.resolve(input, context);
  return {
    ...resolved,
    kind: kind.kind as AnyKind['kind'],
    open: (parts) => kind.open(resolved, parts),
  };
}
