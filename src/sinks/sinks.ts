/**
 * The table of sinks; all other code derives from it which kinds there are.
 */
import type * as z from 'zod';
import { debugKind } from './debug/kind.ts';
import { emfKind } from './emf/kind.ts';
import { fileKind } from './file/kind.ts';
import { otlpKind } from './otlp/kind.ts';
import { otlpFileKind } from './otlp-file/kind.ts';
import { remoteWriteKind } from './remote-write/kind.ts';
import { xrayKind } from './xray/kind.ts';
import type {
  DirectSink,
  DirectSinkKind,
  DirectSinkParts,
  ResolvedDirectSink,
  ResolvedSink,
  Signal,
  Sink,
  SinkContext,
  SinkKind,
  SinkParts,
} from './sink.ts';

export const sinkKinds = [
  remoteWriteKind,
  fileKind,
  otlpFileKind,
  debugKind,
  xrayKind,
  emfKind,
  otlpKind,
] as const; // prettier-ignore

type AnyKind = (typeof sinkKinds)[number];

/** The parsed entries that a configuration may have under each kind's key. */
export type SinkInputs = {
  readonly [Kind in AnyKind as Kind['key']]?: readonly z.output<Kind['schema']>[] | undefined;
};

interface Openable {
  readonly kind: AnyKind['kind'];
  /** What it takes. */
  readonly signals: readonly Signal[];
}

/** One entry, checked and with its defaults, which can be opened over a queue. */
export interface OpenableQueuedSink extends Omit<ResolvedSink<unknown>, 'signals'>, Openable {
  open(parts: SinkParts): Sink;
}

/** The same, which has no queue. */
export interface OpenableDirectSink extends Omit<ResolvedDirectSink<unknown>, 'signals'>, Openable {
  readonly delivery?: undefined;
  open(parts: DirectSinkParts): DirectSink;
}

export type OpenableSink = OpenableQueuedSink | OpenableDirectSink;

/** Resolves an entry. @param input  as the schema of `kind` has parsed it */
export function resolveSink(
  one: SinkKind | DirectSinkKind,
  input: unknown,
  context: SinkContext,
): OpenableSink {
  const kind = one.kind as AnyKind['kind'];
  if (one.isDirect === true) {
    const resolved = one.resolve(input, context);
    const signals = resolved.signals ?? one.signals ?? ['metrics'];
    const open = (parts: DirectSinkParts): DirectSink => one.open(resolved, parts);
    return { ...resolved, kind, signals, open };
  }
  const resolved = one.resolve(input, context);
  const signals = resolved.signals ?? one.signals ?? ['metrics'];
  return {
    ...resolved,
    kind,
    signals,
    open: (parts: SinkParts): Sink => one.open(resolved, parts),
  };
}
