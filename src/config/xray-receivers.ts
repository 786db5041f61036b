/**
 * `xray_receivers` of the Prometheus dialect: where segment documents are received, and where
 * their senders ask for sampling rules.
 */
import * as z from 'zod';
import { isRegion } from '../aws/endpoints.ts';
import { splitListen } from '../kernel/listen-address.ts';
import { awsAccessShape, checkAwsAccess, resolveAwsAccess } from '../settings/aws-access.ts';
import { connectionShape, resolveConnectionToAws } from '../settings/connection.ts';
import type { CheckContext, ConfigPath, Reporter } from '../settings/finding.ts';
import { switchSchema } from '../settings/switch.ts';
import { presentSchema, textSchema } from '../settings/text.ts';
import { findUrlFault } from '../settings/url.ts';
import { XRAY_PATHS } from '../xray/forwarder.ts';
import { readEndpointVariant } from './endpoint-variant.ts';
import { checkListeners, type Listener } from './listeners.ts';
import type { ForwarderPlan, TraceReceiverPlan } from './plan.ts';

const LISTEN_DEFAULT = '127.0.0.1:2000';

const proxySchema = z.strictObject({
  enabled: switchSchema
    .optional()
    .meta({ description: 'Whether it listens at all.', default: true }),
  listen: textSchema
    .optional()
    .describe('Address to listen on by TCP, host:port; that of the receiver by default.'),
  endpoint: presentSchema.meta({
    description: 'URL of X-Ray: scheme, host and port; that of the region by default.',
    examples: ['https://vpce-0123456789abcdef0-example.xray.us-east-1.vpce.amazonaws.com'],
  }),
  ...awsAccessShape,
  local_mode: switchSchema
    .optional()
    .meta({ description: 'Never asks for instance metadata.', default: false }),
  use_fips_endpoint: switchSchema
    .optional()
    .describe('Asks the FIPS endpoint; AWS_USE_FIPS_ENDPOINT by default.'),
  use_dualstack_endpoint: switchSchema
    .optional()
    .describe('Asks the dual-stack endpoint; AWS_USE_DUALSTACK_ENDPOINT by default.'),
  ...connectionShape,
});

export const xrayReceiverSchema = z
  .strictObject({
    name: textSchema
      .optional()
      .meta({ description: 'Its name in metrics and logs; unique.', default: 'xray' }),
    listen: textSchema.optional().meta({
      description:
        'Address to listen on by UDP, host:port. Other tasks and hosts reach it only with a host ' +
        'such as 0.0.0.0; without a host it is 127.0.0.1.',
      default: LISTEN_DEFAULT,
      examples: ['0.0.0.0:2000'],
    }),
    proxy: proxySchema
      .optional()
      .describe(
        "Where X-Ray's SDKs ask for sampling rules by TCP, without credentials: requests are " +
          'signed and forwarded, and answered from what is kept while X-Ray does not answer.',
      ),
  })
  .describe(
    'Segment documents of AWS X-Ray, received as its daemon does. Prometheus has no such key.',
  );

type ReceiverInput = z.output<typeof xrayReceiverSchema>;
type ProxyInput = z.output<typeof proxySchema>;

export interface PlannedXrayReceivers {
  readonly traceReceivers: readonly TraceReceiverPlan[];
  readonly forwarders: readonly ForwarderPlan[];
}

interface Context extends CheckContext {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @param context  its path is that of the list */
export function planXrayReceivers(
  inputs: readonly ReceiverInput[],
  context: Context,
): PlannedXrayReceivers {
  const { path, report } = context;
  const names = new Set<string>();
  const traceReceivers: TraceReceiverPlan[] = [];
  const forwarders: ForwarderPlan[] = [];
  const listeners: Listener[] = [];
  for (const [index, { name: id = 'xray', listen: written, proxy = {} }] of inputs.entries()) {
    const at = [...path, index];
    if (id === '') report.error([...at, 'name'], 'CONFIG_VALUE', 'a name is empty');
    if (names.has(id))
      report.error(
        inputs[index]?.name === undefined ? at : [...at, 'name'],
        'CONFIG_DUPLICATE',
        `name "${id}" is used by another entry of xray_receivers already; names must be unique`,
      );
    names.add(id);
    const listen = resolveListen(written ?? LISTEN_DEFAULT, [...at, 'listen'], report);
    if (listen === undefined) continue;
    const listenFlag = `xray_receivers: listen of ${id}`;
    traceReceivers.push({ id, listen, listenFlag });
    listeners.push({ id: `receiver "${id}"`, listen, protocol: 'udp', at });
    if (proxy.enabled === false) continue;
    const forwarder = resolveProxy(proxy, listen, { ...context, id, path: [...at, 'proxy'] });
    if (forwarder === undefined) continue;
    forwarders.push(forwarder);
    listeners.push({ id: `proxy of "${id}"`, listen: forwarder.listen, protocol: 'tcp', at });
  }
  checkListeners(listeners, report);
  return { traceReceivers, forwarders };
}

function resolveProxy(
  input: ProxyInput,
  fallback: string,
  context: Context & { readonly id: string },
): ForwarderPlan | undefined {
  const { path, report, env, id } = context;
  const { listen: written, endpoint, region } = input;
  checkAwsAccess(input, context, 'refused');
  if (region !== undefined && !isRegion(region))
    report.error([...path, 'region'], 'CONFIG_VALUE', `"${region}" is no region of AWS`);
  const fault = endpoint === undefined ? undefined : findUrlFault('endpoint', endpoint);
  if (fault !== undefined) report.error([...path, 'endpoint'], 'CONFIG_VALUE', fault);
  const listen =
    written === undefined ? fallback : resolveListen(written, [...path, 'listen'], report);
  const connection = resolveConnectionToAws(input, context);
  if (listen === undefined) return undefined;
  const variant = readEndpointVariant(env);
  return {
    id: `${id}.proxy`,
    listen,
    listenFlag: `xray_receivers: listen of ${id}.proxy`,
    access: {
      service: 'xray',
      region,
      endpoint,
      isLocal: input.local_mode ?? false,
      credentials: resolveAwsAccess(input),
      connection,
      useFips: input.use_fips_endpoint ?? variant.useFips,
      useDualStack: input.use_dualstack_endpoint ?? variant.useDualStack,
    },
    paths: XRAY_PATHS,
    keepsSampling: true,
  };
}

function resolveListen(text: string, at: ConfigPath, report: Reporter): string | undefined {
  const address = splitListen(text);
  if (address === undefined) {
    const message = `"${text}" is not host:port; write for example ${LISTEN_DEFAULT}`;
    report.error(at, 'CONFIG_VALUE', message);
    return undefined;
  }
  const { host, port } = address;
  const found = host === '' || host === 'localhost' ? '127.0.0.1' : host;
  return found.includes(':') ? `[${found}]:${port}` : `${found}:${port}`;
}
