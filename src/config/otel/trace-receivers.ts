/**
 * The receiver `awsxray`: segment documents by UDP, and beside it the proxy that SDKs ask for
 * sampling rules by TCP. Documents pass as they are; the Collector makes spans of them.
 * Source: contrib's receiver/awsxrayreceiver/{config,factory}.go
 */
import * as z from 'zod';
import { ignored } from '../../settings/refused-keys.ts';
import { textSchema } from '../../settings/text.ts';
import type { ForwarderPlan, TraceReceiverPlan } from '../plan.ts';
import { parseValue } from '../reading.ts';
import type { CollectorContext, ComponentKind } from './component.ts';
import { typeOf } from './components.ts';
import type { OtelComponent } from './document.ts';
import { proxyServerShape, resolveProxyServer } from './proxy-server.ts';
import { resolveEndpoint } from './server-settings.ts';

const ENDPOINT_DEFAULT = 'localhost:2000';

/** What the id of its forwarder has behind the receiver's name. */
export const PROXY_SUFFIX = '.proxy_server';

const schema = z.strictObject({
  endpoint: textSchema.optional().meta({
    description:
      'Address to listen on by UDP, host:port. Other tasks and hosts reach it only with a host ' +
      'such as 0.0.0.0.',
    default: ENDPOINT_DEFAULT,
  }),
  transport: textSchema.optional().meta({ description: 'Only udp is taken.', default: 'udp' }),
  dialer: ignored('Has no effect, as in the Collector: nothing is dialled to listen.'),
  proxy_server: z
    .strictObject(proxyServerShape)
    .optional()
    .describe(
      'Where SDKs ask for sampling rules by TCP, without credentials; it listens in any case.',
    ),
});

export const traceReceiverKind: ComponentKind<typeof schema> = {
  names: ['awsxray', 'aws_xray'],
  minimal: { endpoint: '0.0.0.0:2000' },
  signals: ['traces'],
  as: 'documents that pass unchanged; sampling rules are answered from what is kept, too',
  schema,
};

export function isTraceReceiver(name: string): boolean {
  return traceReceiverKind.names.includes(typeOf(name));
}

export interface ResolvedTraceReceiver {
  readonly receiver: TraceReceiverPlan;
  readonly forwarder: ForwarderPlan;
}

/** Undefined when the receiver has faults, which are then reported. */
export function resolveTraceReceiver(
  name: string,
  receiver: OtelComponent,
  context: CollectorContext,
): ResolvedTraceReceiver | undefined {
  const at = ['receivers', name];
  const { report, reading } = context;
  const { allowsPartial } = reading;
  const parsed = parseValue(schema, receiver, { allowsPartial, report, at });
  if (parsed === undefined) return undefined;
  const {
    endpoint = ENDPOINT_DEFAULT,
    transport = 'udp',
    dialer,
    proxy_server: proxy = {},
  } = parsed.data;
  if (transport !== 'udp')
    report.error(
      [...at, 'transport'],
      'CONFIG_VALUE',
      `transport is udp, not "${transport}": X-Ray's SDKs send by nothing else`,
    );
  if (parsed.data.endpoint === undefined)
    report.warn(
      at,
      `"${name}" listens at ${ENDPOINT_DEFAULT}, which only this task reaches, as in newer ` +
        'Collectors; for other tasks write "endpoint: 0.0.0.0:2000"',
    );
  if (dialer !== undefined)
    report.warn([...at, 'dialer'], 'dialer has no effect, as in the Collector', 'key');
  const listen = resolveEndpoint(endpoint, [...at, 'endpoint'], report);
  const options = { id: `${name}${PROXY_SUFFIX}`, forwardsAll: false };
  const own = { ...context, at: [...at, 'proxy_server'] };
  const forwarder = resolveProxyServer(proxy, options, own);
  return listen === undefined || forwarder === undefined
    ? undefined
    : { receiver: { id: name, listen }, forwarder };
}
