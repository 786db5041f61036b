/** The kind of sink that otlp_write is: its entry in the table of sinks. */
import { defineSink } from '../sink.ts';
import { resolveOtlp } from './resolve.ts';
import { otlpSchema } from './schema.ts';
import { OtlpSink } from './sink.ts';

export const otlpKind = defineSink({
  kind: 'otlp',
  key: 'otlp_write',
  schema: otlpSchema,
  signals: ['metrics', 'traces'],
  resolve: resolveOtlp,
  open: ({ settings, delivery }, parts) => new OtlpSink(settings, delivery, parts),
});
