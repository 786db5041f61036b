/** The kind of sink that xray_write is: its entry in the table of sinks. */
import { defineSink } from '../sink.ts';
import { resolveXray, xraySchema } from './schema.ts';
import { XraySink } from './sink.ts';

export const xrayKind = defineSink({
  kind: 'xray',
  key: 'xray_write',
  schema: xraySchema,
  signals: ['traces'],
  resolve: resolveXray,
  open: ({ settings, delivery }, parts) => new XraySink(settings, delivery, parts),
});
