/**
 * `amperage check`: checks files before anything runs with them; the exit status is 2 when there
 * is an error.
 * `check config` prints every finding with its position, then what a collector would do;
 * `check metrics` checks an exposition against the rules of its format, `check emf` events of the
 * embedded metric format; `check relabel` shows what each rule makes of a label set; `check
 * service-discovery` asks the mechanisms of a job and shows what becomes of each target; `check
 * queue` shows what waits on disk; `check healthcheck` asks a URL; `check convert` writes a
 * configuration in the other dialect.
 */
import { Command } from 'commander';
import { createCheckDiscoveryCommand, createCheckRelabelCommand } from './check/relabelling.ts';
import { type CommandParsers, createCheckConvertCommand } from './check/convert.ts';
import { createCheckQueueCommand } from './check/queue.ts';
import { createCheckEmfCommand } from './check/emf.ts';
import { createCheckHealthcheckCommand } from './check/healthcheck.ts';
import { createCheckMetricsCommand } from './check/metrics.ts';
import { checkSource } from './check/configuration.ts';
import { addTrustFlag } from './trust.ts';
import type { ForwarderPlan, RoutePlan } from '../config/plan.ts';
import type { CheckedConfig } from '../config/load.ts';
import { listLooseEnds } from '../config/loose-ends.ts';
import { formatFinding } from '../settings/finding.ts';
import { withoutSecrets } from '../settings/url.ts';
import { parseSourceUri, publicName } from '../config/sources/uri.ts';
import { ConfigError } from '../kernel/errors.ts';
import { formatDurationMs } from '../model/duration.ts';

export function createCheckCommand(
  parsers: CommandParsers,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Command {
  const command = new Command('check')
    .description('validate files before they are used, and show what waits in a queue')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage check config prometheus.yml\n  amperage check queue ' +
        '/var/lib/amperage\n',
    );
  addTrustFlag(command.command('config'))
    .description(
      'check configurations of Prometheus or the OpenTelemetry Collector: all findings, then ' +
        'what a collector would do',
    )
    .argument('<sources...>', 'the configurations: files, or any source that collect takes')
    .option('--allow-partial', 'as for collect: what cannot be done here is only a warning')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage check config prometheus.yml\n  amperage check config ' +
        's3://bucket/prometheus.yml ssm:/metrics/config\n',
    )
    .action(async (files: readonly string[], options: { allowPartial?: boolean }) => {
      let errors = 0;
      for (const file of files) {
        const checked = await checkSource(file, options);
        write(renderCheck(publicName(parseSourceUri(file), file), checked));
        errors += checked.findings.filter((finding) => finding.severity === 'error').length;
      }
      if (errors > 0)
        throw new ConfigError(
          'CONFIG_INVALID',
          `${files.map((file) => publicName(parseSourceUri(file), file)).join(', ')}: ` +
            `${errors} ${errors === 1 ? 'error' : 'errors'}`,
        );
    });
  command.addCommand(createCheckMetricsCommand(write));
  command.addCommand(createCheckEmfCommand(write));
  command.addCommand(createCheckRelabelCommand(write));
  command.addCommand(createCheckDiscoveryCommand(write));
  command.addCommand(createCheckQueueCommand(write));
  command.addCommand(createCheckHealthcheckCommand(write));
  command.addCommand(createCheckConvertCommand({ write, render: renderCheck, parsers }));
  return command;
}

/**
 * What `check config` prints: a line for each finding; for a valid configuration then a line for
 * each job, each sink and each route.
 */
export function renderCheck(file: string, { plan, findings }: CheckedConfig): string {
  const lines = findings.map((finding) => `${finding.severity}: ${formatFinding(finding)}`);
  if (plan === undefined) return `${lines.join('\n')}\n`;
  lines.push(
    `${file}: valid, ${formatCount(plan.sources.length, 'job')}, ` +
      (plan.taskSources.length > 0 ? `${plan.taskSources.length} of task metrics, ` : '') +
      (plan.otlpReceivers.length > 0 ? `${plan.otlpReceivers.length} of OTLP, ` : '') +
      (plan.traceReceivers.length > 0 ? `${plan.traceReceivers.length} of segments, ` : '') +
      (plan.statsdReceivers.length > 0 ? `${plan.statsdReceivers.length} of StatsD, ` : '') +
      `${formatCount(plan.sinks.length, 'sink')}, ${formatCount(plan.routes.length, 'route')}`,
  );
  for (const { scrape, discovery } of plan.sources) {
    const found = formatKeyCounts(discovery.entries.map((entry) => entry.key));
    const every = formatDurationMs(scrape.scrapeIntervalMs);
    const timeout = formatDurationMs(scrape.scrapeTimeoutMs);
    lines.push(
      `  job "${scrape.jobName}": every ${every}, timeout ${timeout}, ` +
        `${scrape.scheme}://…${scrape.metricsPath}, targets from ${found}`,
    );
  }
  for (const { id, intervalMs } of plan.taskSources)
    lines.push(`  task metrics "${id}": every ${formatDurationMs(intervalMs)}, from this ECS task`);
  for (const { id, signals, http, grpc } of plan.otlpReceivers) {
    const by = [http && `at ${http.listen} by HTTP`, grpc && `at ${grpc.listen} by gRPC`];
    const where = by.filter((one) => one !== undefined).join(', ');
    lines.push(`  OTLP "${id}": ${signals.join(' and ') || 'nothing'} received ${where}`);
  }
  for (const { id, listen } of plan.traceReceivers)
    lines.push(`  segments "${id}": received at ${listen} by UDP`);
  for (const { id, listen, transport } of plan.statsdReceivers)
    lines.push(`  StatsD "${id}": received at ${listen} by ${transport.toUpperCase()}`);
  for (const forwarder of plan.forwarders) lines.push(renderForwarder(forwarder));
  for (const { kind, name, shownAddress, remark } of plan.sinks)
    lines.push(`  ${kind} "${name}": ${shownAddress}${remark === undefined ? '' : `, ${remark}`}`);
  lines.push(...listLooseEnds(plan).map((end) => `  ${end}`));
  lines.push(...plan.routes.map(renderRoute));
  return `${lines.join('\n')}\n`;
}

function renderForwarder({ id, listen, access, paths }: ForwarderPlan): string {
  const { service, region, endpoint } = access;
  const where = endpoint === undefined ? '' : ` at ${withoutSecrets(endpoint)}`;
  const signed = `signed for ${region ?? 'the region where the collector runs'}`;
  const what = paths === undefined ? 'all requests' : 'sampling';
  return `  proxy "${id}": ${what} from ${listen} to ${service}${where}, ${signed}`;
}

/** A pipeline of the Collector with its jobs, what changes samples on their way, and its sinks. */
function renderRoute({ id, signal, sources, transforms, sinks }: RoutePlan): string {
  const steps = [...new Set(transforms.map(nameStep).filter((step) => step !== undefined))];
  const between = steps.map((step) => `${step} → `).join('');
  return `  route "${id}" (${signal}): ${sources.join(', ')} → ${between}${sinks.join(', ')}`;
}

/** The words for a transform: a processor's name. That a resource is made of labels is not told. */
function nameStep(id: string): string | undefined {
  const [, processor] = /^processor:(.*):\d+$/.exec(id) ?? [];
  if (processor !== undefined) return processor;
  return id.startsWith('external_labels') ? 'external_labels' : undefined;
}

function formatCount(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function formatKeyCounts(keys: readonly string[]): string {
  if (keys.length === 0) return 'nothing';
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].map(([key, times]) => (times > 1 ? `${key} × ${times}` : key)).join(', ');
}
