/**
 * What `sample-app` sends traces with, by its flags and environment: nothing without the address of
 * an X-Ray daemon.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { metadataUri } from '../../aws/task-metadata.ts';
import type { Component } from '../../kernel/component.ts';
import { ConfigError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import type { Tracing } from '../../sample-app/app.ts';
import { TraceSampler } from '../../sample-app/sampling/sampler.ts';
import { createSamplingService } from '../../sample-app/sampling/service.ts';
import type { OtlpExporter } from '../../sample-app/otlp/exporter.ts';
import type { SegmentDocument } from '../../sample-app/tracing/document.ts';
import { describeOwnService } from '../../sample-app/tracing/own-service.ts';
import { SegmentSender } from '../../sample-app/tracing/sender.ts';
import { Tracer } from '../../sample-app/tracing/tracer.ts';
import {
  DAEMON_ADDRESS_VARIABLE,
  type DaemonEndpoint,
  formatEndpoint,
  parseDaemonAddress,
} from '../../wire/xray/daemon-address.ts';
import { VERSION } from '../version.ts';

export interface TracingFlags {
  readonly 'xray.daemonAddress'?: string;
  readonly 'xray.sampleAll'?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface DaemonChoice {
  readonly udp: DaemonEndpoint;
  readonly tcp: DaemonEndpoint | undefined;
}

const ADDRESS_FLAG = '--xray.daemon-address';

/**
 * Where traces go: by the flag, else by the variable; undefined when there is neither.
 *
 * @throws ConfigError FLAG_VALUE, FLAG_COMBINATION
 */
export function readDaemonAddress(flags: TracingFlags, env: Environment): DaemonChoice | undefined {
  const variable = env[DAEMON_ADDRESS_VARIABLE];
  const given = flags['xray.daemonAddress'] ?? (variable === '' ? undefined : variable);
  if (given === undefined) {
    if (flags['xray.sampleAll'] !== true) return undefined;
    throw new ConfigError(
      'FLAG_COMBINATION',
      `--xray.sample-all needs ${ADDRESS_FLAG} or ${DAEMON_ADDRESS_VARIABLE}: without the ` +
        'address of an X-Ray daemon no traces are sent',
    );
  }
  const by = flags['xray.daemonAddress'] === undefined ? DAEMON_ADDRESS_VARIABLE : ADDRESS_FLAG;
  const address = parseDaemonAddress(given);
  if (typeof address === 'string') throw new ConfigError('FLAG_VALUE', `${by}: ${address}`);
  if (address.udp === undefined)
    throw new ConfigError(
      'FLAG_VALUE',
      `${by} "${given}" names no UDP address, and segments go by UDP; add udp:host:port`,
    );
  return { udp: address.udp, tcp: address.tcp };
}

/**
 * The tracing, and the components that run it. With --xray.sample-all no rules are fetched; without
 * a daemon there are none, and every request is traced.
 *
 * @param world  whose client asks for sampling rules and for task metadata
 */
export async function createTracing(
  daemon: DaemonChoice | undefined,
  flags: TracingFlags,
  env: Environment,
  { world, exporter }: { readonly world: World; readonly exporter: OtlpExporter | undefined },
): Promise<{ readonly tracing: Tracing; readonly components: readonly Component[] }> {
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const service = await describeOwnService(
    {
      name: env['AWS_XRAY_TRACING_NAME'] ?? 'sample-app',
      versions: { version: VERSION, runtime: 'node', runtime_version: process.versions.node },
      sdk: { sdk: 'amperage sample-app', sdk_version: VERSION },
      workingDirectory: process.cwd(),
      hostName: hostname(),
    },
    env['ECS_CONTAINER_METADATA_URI_V4'] === undefined ? undefined : metadataUri(env),
    world,
  );
  if (daemon === undefined) {
    const send = (document: SegmentDocument): void => exporter?.add(document);
    const tracer = new Tracer({ world, service, decide: undefined, send });
    return { tracing: { tracer, region }, components: [] };
  }
  const sender = new SegmentSender({ world, endpoint: daemon.udp });
  const { tcp } = daemon;
  const sampler =
    flags['xray.sampleAll'] === true
      ? undefined
      : new TraceSampler({
          world,
          random: Math.random,
          service:
            tcp === undefined
              ? undefined
              : createSamplingService(
                  `http://${formatEndpoint(tcp)}`,
                  world.http,
                  randomBytes(12).toString('hex'),
                ),
        });
  const tracer = new Tracer({
    world,
    service,
    decide: sampler === undefined ? undefined : (request) => sampler.decide(request),
    send: (document) => {
      sender.send(document);
      exporter?.add(document);
    },
  });
  return {
    tracing: { tracer, sender, region },
    components: [sender, ...(sampler === undefined ? [] : [sampler])],
  };
}
