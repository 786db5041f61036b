/** The kind of sink that remote_write is: its entry in the table of sinks. */
import { defineSink } from '../sink.ts';
import { remoteWriteSchema, resolveRemoteWrite } from './schema.ts';
import { RemoteWriteSink } from './sink.ts';

export const remoteWriteKind = defineSink({
  kind: 'remote_write',
  key: 'remote_write',
  schema: remoteWriteSchema,
  resolve: resolveRemoteWrite,
  open: ({ settings, delivery }, parts) => new RemoteWriteSink(settings, delivery, parts),
});
