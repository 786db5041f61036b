/**
 * The extension `zpages`: pages about what runs, at the paths that the Collector has them. Here
 * they tell of routes, jobs and sinks; there are no traces to sample.
 * Source: core's extension/zpagesextension, service/internal/graph/host.go
 */
import * as z from 'zod';
import { ignored } from '../../../settings/refused-keys.ts';
import { resolveServer, serverShape } from '../server-settings.ts';
import { defineExtension } from './extension.ts';

const LISTEN_DEFAULT = 'localhost:55679';

const schema = z.strictObject({
  ...serverShape,
  endpoint: serverShape.endpoint.meta({
    description: 'Address to listen on, host:port.',
    default: LISTEN_DEFAULT,
  }),
  expvar: ignored(
    "Has no effect: there are no variables of Go's; /metrics has those of the process.",
  ),
});

export const zpagesKind = defineExtension({
  names: ['zpages'],
  schema,
  as: 'pages of pipelines, extensions and the service; tracez is empty',
  resolve(input, context) {
    const { name, at, report } = context;
    if (input.expvar !== undefined)
      report.warn(
        [...at, 'expvar'],
        "expvar has no effect: there are no variables of Go's; see /metrics",
        'key',
      );
    const server = resolveServer(input, LISTEN_DEFAULT, context);
    return server && { servers: [{ id: name, ...server, content: { is: 'pages' } }] };
  },
});
