/** Relabelling step by step, to show what each rule did to the labels. Pure. */
import { makeLabelSet, type LabelSet } from '../model/labels.ts';
import { relabel, type RelabelRule } from './relabel.ts';

export interface RelabelStep {
  readonly rule: RelabelRule;
  /** The labels after the rule; where the rule drops them, the labels before it. */
  readonly labels: LabelSet;
  readonly isKept: boolean;
}

/**
 * Runs the rules one by one; the list ends with the rule that drops the labels, or with the last.
 */
export function relabelSteps(
  labels: Iterable<readonly [string, string]>,
  rules: readonly RelabelRule[],
): RelabelStep[] {
  const map = new Map(labels);
  const steps: RelabelStep[] = [];
  for (const rule of rules) {
    const before = makeLabelSet(map);
    const isKept = relabel(map, [rule]);
    steps.push({ rule, labels: isKept ? makeLabelSet(map) : before, isKept });
    if (!isKept) break;
  }
  return steps;
}
