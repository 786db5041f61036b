/**
 * Relabelling shown step by step: what each rule made of the labels. Pure.
 */
import { makeLabelSet, type LabelSet } from '../model/labels.ts';
import { relabel, type RelabelRule } from './relabel.ts';

export interface RelabelStep {
  readonly rule: RelabelRule;
  /** After the rule; of one that drops, as before. */
  readonly labels: LabelSet;
  readonly isKept: boolean;
}

/** Ends with the rule that drops the labels, or with the last. */
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
