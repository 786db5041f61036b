/**
 * Gives jobs the targets of observers: where file_sd_configs of a job names the file that an
 * observer of the Collector would write, its discovery takes the place of the file.
 */
import { basename, dirname, resolve } from 'node:path';
import type { Reporter } from '../../settings/finding.ts';
import { matchesParts } from '../../settings/file-patterns.ts';
import type { SourcePlan } from '../plan.ts';
import type { DiscoveryEntry } from '../../discovery/mechanisms.ts';
import type { ObservedTargets } from './extensions/extension.ts';

/** @param observers  by name of the extension; one whose targets no job takes is warned of */
export function applyObservers(
  sources: readonly SourcePlan[],
  observers: ReadonlyMap<string, ObservedTargets>,
  report: Reporter,
): readonly SourcePlan[] {
  if (observers.size === 0) return sources;
  const taken = new Set<string>();
  const applied = sources.map((source): SourcePlan => {
    const { discovery } = source;
    const { baseDirectory = '' } = discovery;
    const added: DiscoveryEntry[] = [];
    const entries = discovery.entries.flatMap((entry): DiscoveryEntry[] => {
      if (entry.key !== 'file_sd_configs') return [entry];
      const named = [...observers].filter(([, { resultFile }]) =>
        entry.config.files.some((pattern) => isNamedBy(pattern, resultFile, baseDirectory)),
      );
      for (const [name, { entry: own }] of named) {
        taken.add(name);
        if (!added.includes(own)) added.push(own);
      }
      // A pattern may match files that others write, so it stays.
      const files = entry.config.files.filter(
        (pattern) =>
          pattern.includes('*') ||
          !named.some(([, { resultFile }]) => isNamedBy(pattern, resultFile, baseDirectory)),
      );
      return files.length === 0 ? [] : [{ ...entry, config: { ...entry.config, files } }];
    });
    return { ...source, discovery: { ...discovery, entries: [...entries, ...added] } };
  });
  for (const [name, { resultFile }] of observers)
    if (!taken.has(name))
      report.warn(
        ['extensions', name],
        `extension "${name}" finds targets for no job: none names ${JSON.stringify(resultFile)} ` +
          'in its file_sd_configs, and no file is written',
        'key',
      );
  return applied;
}

function isNamedBy(pattern: string, file: string, baseDirectory: string): boolean {
  const wanted = resolve(baseDirectory, pattern);
  const found = resolve(baseDirectory, file);
  return (
    dirname(wanted) === dirname(found) && matchesParts(basename(found), basename(wanted).split('*'))
  );
}
