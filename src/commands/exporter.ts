/**
 * `amperage exporter`: the sidecar that serves an ECS task's metrics. Loads neither PromQL nor an AWS client.
 */
import { type Command } from 'commander';
import { createTaskMetadataClient, metadataUri } from '../aws/task-metadata.ts';
import { createExporter } from '../exporter/server.ts';
import { createWorld, longRunningCommand, type LogOptions, runUntilSignal } from './runner.ts';
import { VERSION } from './version.ts';

interface ExporterFlags extends LogOptions {
  readonly 'web.listenAddress': string;
  readonly 'web.telemetryPath': string;
  readonly 'web.disableExporterMetrics'?: boolean;
}

export function exporterCommand(): Command {
  return longRunningCommand('exporter')
    .description(
      "Serves the CPU, memory, network and disk figures of the ECS task it runs in, under ecs_exporter's names.",
    )
    .option(
      '--web.listen-address <host:port>',
      'address to serve on; a collector in another task must reach it',
      '0.0.0.0:9779',
    )
    .option('--web.telemetry-path <path>', 'path of the metrics', '/metrics')
    .option('--web.disable-exporter-metrics', "leave out the exporter's own metrics")
    .addHelpText(
      'after',
      '\nNeeds ECS_CONTAINER_METADATA_URI_V4, which ECS sets in every container.\n\nExamples:\n  amperage exporter\n  amperage exporter --web.listen-address 127.0.0.1:9779\n',
    )
    .action(run);
}

async function run(flags: ExporterFlags): Promise<void> {
  const uri = metadataUri(process.env);
  const world = createWorld(flags);
  world.metrics
    .gauges('ecs_exporter_build_info', 'Version of this exporter; always 1.')
    .with({ version: VERSION })
    .set(1);
  const exporter = createExporter({
    world,
    client: createTaskMetadataClient(uri, world.http),
    listen: flags['web.listenAddress'].startsWith(':')
      ? `0.0.0.0${flags['web.listenAddress']}`
      : flags['web.listenAddress'],
    path: flags['web.telemetryPath'],
    hasOwnMetrics: flags['web.disableExporterMetrics'] !== true,
  });
  await runUntilSignal(exporter, world);
}
