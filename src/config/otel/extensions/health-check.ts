/**
 * The extension `health_check`: says over HTTP whether the collector runs.
 * Source: contrib's extension/healthcheckextension, internal/healthcheck/config.go
 */
import * as z from 'zod';
import { ignored, refusedWhereUsed } from '../../../settings/refused-keys.ts';
import { switchSchema } from '../../../settings/switch.ts';
import { textSchema } from '../../../settings/text.ts';
import { resolveServer, serverShape } from '../server-settings.ts';
import { defineExtension } from './extension.ts';

const LISTEN_DEFAULT = 'localhost:13133';

const schema = z.strictObject({
  ...serverShape,
  endpoint: serverShape.endpoint.meta({
    description: 'Address to listen on, host:port.',
    default: LISTEN_DEFAULT,
  }),
  path: textSchema
    .optional()
    .meta({ description: 'Path that is answered; / answers every path.', default: '/' }),
  response_body: z
    .strictObject({
      healthy: textSchema.optional().describe('Body while the collector runs.'),
      unhealthy: textSchema.optional().describe('Body while it starts or stops.'),
    })
    .optional()
    .describe("Bodies of the answers, in place of the Collector's JSON."),
  check_collector_pipeline: ignored('Has no effect, as in the Collector, which no longer does it.'),
  use_v2: switchSchema.optional().describe('Refused as true: write endpoint and path.'),
  http: refusedWhereUsed('write endpoint and path beside it.'),
  grpc: refusedWhereUsed('health is served over HTTP.'),
  component_health: refusedWhereUsed(
    'a component that fails does not make the collector unhealthy.',
  ),
});

const REFUSED = {
  use_v2: 'write "endpoint" and "path" of the first version',
  http: 'write its endpoint and path beside it, as "endpoint" and "path"',
  grpc: 'health is served over HTTP; write "endpoint" and "path"',
  component_health: 'a receiver that fails does not make the collector unhealthy; remove it',
} as const;

export const healthCheckKind = defineExtension({
  names: ['health_check', 'healthcheckv2', 'health_check_v2', 'healthcheck'],
  schema,
  resolve(input, context) {
    const { name, at, report } = context;
    for (const [key, why] of Object.entries(REFUSED)) {
      const value = input[key as keyof typeof REFUSED];
      if (value !== undefined && value !== false)
        report.lacks([...at, key], `"${key}" of ${name}: ${why}`);
    }
    if (input.check_collector_pipeline !== undefined)
      report.warn(
        [...at, 'check_collector_pipeline'],
        'check_collector_pipeline has no effect, as in the Collector',
        'key',
      );
    const { path = '/', response_body: body } = input;
    if (!path.startsWith('/'))
      report.error([...at, 'path'], 'CONFIG_VALUE', `path "${path}" must start with /`);
    const server = resolveServer(input, LISTEN_DEFAULT, context);
    if (server === undefined) return undefined;
    const texts = body && { healthy: body.healthy ?? '', unhealthy: body.unhealthy ?? '' };
    return { servers: [{ id: name, ...server, content: { is: 'health', path, texts } }] };
  },
});
