/**
 * `amperage check relabel` and `amperage check service-discovery`: show what relabelling makes of
 * a label set or of each target, rule by rule.
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { CollectorPlan, SourcePlan } from '../../config/plan.ts';
import { CallLimits } from '../../discovery/call-limits.ts';
import { readFirstList } from '../../discovery/first-list.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { formatLabelSet, makeLabelSet } from '../../model/labels.ts';
import type { TargetGroup } from '../../model/target.ts';
import type { RelabelRule } from '../../relabel/relabel.ts';
import { relabelSteps } from '../../relabel/steps.ts';
import type { ScrapeConfig } from '../../scrape/config.ts';
import { listTargets } from '../../scrape/target.ts';
import { splitPair } from '../../settings/text.ts';
import { readDurationFlag } from '../flags.ts';
import { createWorld } from '../runner.ts';
import { addTrustFlag } from '../trust.ts';
import { loadPlan } from './configuration.ts';

export function createCheckRelabelCommand(write: (text: string) => void): Command {
  return addTrustFlag(new Command('relabel'))
    .description('show what the relabelling of a job makes of a label set, rule by rule')
    .argument('<source>', 'the configuration: a file, or any source that collect takes')
    .argument('<job>', 'the job_name of the job')
    .argument('<labels...>', 'the label set, as name=value')
    .option('--metric', 'apply metric_relabel_configs (default: relabel_configs)')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage check relabel prometheus.yml ecs __address__=10.0.0.1:9779 ' +
        '__meta_ecs_cluster_name=demo\n  amperage check relabel prometheus.yml ecs --metric ' +
        '__name__=go_goroutines\n',
    )
    .action(async (file: string, job: string, given: string[], options: { metric?: boolean }) => {
      const { scrape } = findSource(await loadPlan(file, { allowPartial: true }), job, file);
      const rules = options.metric === true ? scrape.metricRelabelRules : scrape.relabelRules;
      write(renderSteps(given.map(parsePair), rules));
    });
}

export function createCheckDiscoveryCommand(write: (text: string) => void): Command {
  return addTrustFlag(new Command('service-discovery'))
    .description('ask the discovery of a job once, and show what becomes of each target')
    .argument('<source>', 'the configuration: a file, or any source that collect takes')
    .argument('<job>', 'the job_name of the job')
    .option('--timeout <time>', 'how long to wait for the discovery', '30s')
    .option('--steps', 'show the relabelling of each target, rule by rule')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage check service-discovery prometheus.yml ecs --timeout 10s\n  ' +
        'amperage check service-discovery prometheus.yml ecs --steps\n',
    )
    .action(async (file: string, job: string, options: { timeout: string; steps?: boolean }) => {
      const timeoutMs = readDurationFlag('--timeout', options.timeout);
      const source = findSource(await loadPlan(file, { allowPartial: true }), job, file);
      const groups = await discoverOnce(source, file, timeoutMs);
      write(renderDiscovery(groups, source.scrape, options.steps === true));
    });
}

/** @throws ConfigError DISCOVERY_TIMEOUT */
async function discoverOnce(
  { discovery }: SourcePlan,
  file: string,
  timeoutMs: number,
): Promise<readonly TargetGroup[]> {
  const world = createWorld({ 'log.level': 'warn' });
  try {
    return await readFirstList(discovery, {
      world,
      callLimits: new CallLimits(world.clock, world.metrics),
      baseDirectory: resolve(file, '..'),
      timeoutMs,
    });
  } finally {
    await world.http.close();
  }
}

function renderDiscovery(
  groups: readonly TargetGroup[],
  scrape: ScrapeConfig,
  hasSteps: boolean,
): string {
  const lines: string[] = [];
  for (const group of groups) {
    for (const own of group.targets) {
      const list = listTargets([{ ...group, targets: [own] }], scrape);
      const [target] = list.targets;
      const [dropped] = list.dropped;
      const discovered =
        target?.discoveredLabels ?? dropped ?? makeLabelSet({ ...group.labels, ...own });
      lines.push(`discovered ${formatLabelSet(discovered)}`);
      if (hasSteps) {
        const pairs = discovered.map(({ name, value }) => [name, value] as const);
        lines.push(...renderStepLines(pairs, scrape.relabelRules));
      }
      if (target !== undefined)
        lines.push(`  scraped at ${target.url} as ${formatLabelSet(target.labels)}`);
      else lines.push(`  ${list.failures[0] ?? 'dropped by relabel_configs'}`);
      if (target?.fault !== undefined) lines.push(`  down: ${target.fault}`);
    }
  }
  const all = listTargets(groups, scrape);
  const unable = all.failures.length;
  const down = all.targets.filter(({ fault }) => fault !== undefined).length;
  lines.push(
    `${all.targets.length - down} targets, ${all.droppedCount - unable} dropped, ` +
      `${unable + down} that cannot be scraped`,
  );
  return `${lines.join('\n')}\n`;
}

function renderSteps(
  labels: readonly (readonly [string, string])[],
  rules: readonly RelabelRule[],
): string {
  const given = `given ${formatLabelSet(makeLabelSet(labels))}`;
  return `${[given, ...renderStepLines(labels, rules)].join('\n')}\n`;
}

function renderStepLines(
  labels: readonly (readonly [string, string])[],
  rules: readonly RelabelRule[],
): string[] {
  return relabelSteps(labels, rules).map(({ rule, labels: after, isKept }, index) => {
    const { action, sourceLabels, regex, targetLabel, replacement } = rule;
    const what = [
      action,
      sourceLabels.length === 0 ? '' : `[${sourceLabels.join(', ')}]`,
      `regex ${regex.source}`,
      targetLabel === '' ? '' : `→ ${targetLabel} = ${replacement}`,
    ].filter((part) => part !== '');
    return `  ${index + 1}. ${what.join(' ')}\n     ${isKept ? formatLabelSet(after) : 'DROPPED'}`;
  });
}

/** Finds a source by its id, or by its job_name where no other source has that name. */
function findSource(plan: CollectorPlan, job: string, file: string): SourcePlan {
  const named = plan.sources.filter(({ scrape }) => scrape.jobName === job);
  const found =
    plan.sources.find(({ id }) => id === job) ?? (named.length === 1 ? named[0] : undefined);
  if (found !== undefined) return found;
  const names = plan.sources.map(({ id }) => id).join(', ');
  const what = named.length > 1 ? `${named.length} jobs "${job}"` : `no job "${job}"`;
  throw new ConfigError('JOB_UNKNOWN', `${file} has ${what}; it has ${names || 'none'}`);
}

function parsePair(text: string): [string, string] {
  const pair = splitPair(text);
  if (pair === undefined) throw new ConfigError('FLAG_VALUE', `"${text}" is not name=value`);
  return pair;
}
