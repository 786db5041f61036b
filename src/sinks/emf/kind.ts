/** The kind of sink that emf_write is: its entry in the table of sinks. */
import { defineSink } from '../sink.ts';
import { makeEventMaker } from './events.ts';
import { emfSchema, resolveEmf } from './schema.ts';
import { EmfSink } from './sink.ts';

export const emfKind = defineSink({
  kind: 'emf',
  key: 'emf_write',
  schema: emfSchema,
  resolve: resolveEmf,
  open: ({ settings, delivery }, parts) =>
    new EmfSink(
      settings,
      delivery,
      (metrics, log) =>
        makeEventMaker(settings, {
          onLeftOut: (points, reason) => metrics.leftOut(points, reason),
          onUnfilled: (placeholder) => metrics.unfilled(placeholder),
          warn: (message, fields) => log.warn(message, fields),
        }),
      parts,
    ),
});
