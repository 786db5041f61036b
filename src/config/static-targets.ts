/**
 * What can be known of static_configs before a start: each target goes through relabel_configs as
 * at a start, and its address is judged behind them. As in Prometheus, a bad address does not keep
 * a job from running, except for a scheme or path that no rule could move.
 * Source: prometheus/config/config.go (checkStaticTargets), prometheus/cmd/promtool
 */
import type { ScrapeConfig } from '../scrape/config.ts';
import { listTargets } from '../scrape/target.ts';
import type { CheckContext } from '../settings/finding.ts';
import type { ScrapeInput } from './scrape-schema.ts';

/** Findings of a job; a list that is wrong throughout needs no more of them. */
const FINDINGS_MAX = 20;
/** Targets between two yields. */
const SLICE_TARGETS = 100;

/** @param at  its path is that of the job */
export function* checkStaticTargets(
  groups: NonNullable<ScrapeInput['static_configs']>,
  scrape: ScrapeConfig,
  { path: job, report }: Pick<CheckContext, 'path' | 'report'>,
): Generator<undefined, void, undefined> {
  // It is told at the key that sets it, and would be told again at each target.
  if (scrape.scrapeTimeoutMs > scrape.scrapeIntervalMs) return;
  let found = 0;
  let left = SLICE_TARGETS;
  for (const [group, { targets, labels }] of groups.entries())
    for (const [index, address] of targets.entries()) {
      if (found === FINDINGS_MAX) return;
      if (--left === 0) yield;
      if (left === 0) left = SLICE_TARGETS;
      const own = [{ __address__: address }];
      const list = listTargets([{ source: '', targets: own, labels }], scrape);
      const fault = list.failures[0] ?? list.targets[0]?.fault;
      if (fault === undefined) continue;
      found += 1;
      const path = [...job, 'static_configs', group, 'targets', index];
      if (address.includes('/') && scrape.relabelRules.length === 0)
        report.error(path, 'CONFIG_VALUE', fault);
      else report.warn(path, fault);
    }
}
