/** The kind of sink that emf_write is: its entry in the table of sinks. */
import { defineSink, type ResolvedSink, type SinkParts } from '../sink.ts';
import type { EmfSettings } from './config.ts';
import { makeEventMaker } from './events.ts';
import { emfSchema, resolveEmf } from './schema.ts';
import { type EmfEdges, EmfSink } from './sink.ts';

export const emfKind = defineSink({
  kind: 'emf',
  key: 'emf_write',
  schema: emfSchema,
  resolve: resolveEmf,
  open: (resolved, parts) => openEmf(resolved, parts),
});

export function openEmf(
  { settings, delivery }: ResolvedSink<EmfSettings>,
  parts: SinkParts,
  edges: EmfEdges = {},
): EmfSink {
  return new EmfSink(
    settings,
    delivery,
    (metrics, log) =>
      makeEventMaker(settings, {
        onLeftOut: (points, reason) => metrics.leftOut(points, reason),
        onUnfilled: (placeholder) => metrics.unfilled(placeholder),
        warn: (message, fields) => log.warn(message, fields),
      }),
    parts,
    edges,
  );
}
