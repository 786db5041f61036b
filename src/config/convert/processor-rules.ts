/**
 * Processors as relabelling rules, for those that can be written as such. The rules stand in
 * write_relabel_configs, where they see what the processor sees: all series, with their external
 * labels.
 */
import { attributeRules } from './attribute-rules.ts';
import { filterRules } from './filter-rules.ts';
import { renameRules } from './rename-rules.ts';
import type { EquivalentRules } from './written-rule.ts';

/** @param type  of the processor, @param input  its keys as written */
export function rulesOfProcessor(
  type: string,
  input: Readonly<Record<string, unknown>>,
): EquivalentRules {
  switch (type) {
    case 'batch':
    case 'queuebatch':
    case 'queue_batch':
    case 'memory_limiter':
      return [];
    case 'filter':
      return filterRules(input);
    case 'attributes':
      return attributeRules(input);
    case 'metricstransform':
    case 'metrics_transform':
      return renameRules(input);
    default:
      return { reason: `processor ${type} is no relabelling` };
  }
}
