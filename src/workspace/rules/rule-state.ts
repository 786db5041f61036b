/**
 * One rule as it is evaluated: the series that it records, or its alerts with the states that they
 * pass through. What it gives is written to the workspace as series, as Prometheus does: `ALERTS`
 * and `ALERTS_FOR_STATE` for an alert.
 * Limit: SERIES_MAX series or alerts of a rule.
 */
import {
  type LabelSet,
  labelSetKey,
  labelValue,
  makeLabelSet,
  METRIC_NAME,
} from '../../model/labels.ts';
import { type EngineOptions, evaluateInstant } from '../promql/engine.ts';
import type { Queryable } from '../promql/queryable.ts';
import type { RuleGroup, WorkspaceRule } from './groups.ts';

const SERIES_MAX = 10_000;

export interface ActiveAlert {
  readonly labels: LabelSet;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly activeAtMs: number;
  readonly value: number;
}

interface KnownAlert {
  alert: ActiveAlert;
  /** When it last held. */
  heldAtMs: number;
}

export interface RuleSample {
  readonly labels: LabelSet;
  readonly value: number;
}

export class RuleState {
  readonly rule: WorkspaceRule;
  /** Of the last evaluation. */
  lastError: string | undefined;
  lastAtMs: number | undefined;
  lastSeconds = 0;
  /** The series that were written last, by their keys. */
  given: ReadonlyMap<string, LabelSet> = new Map();
  readonly #alerts = new Map<string, KnownAlert>();

  constructor(rule: WorkspaceRule) {
    this.rule = rule;
  }

  get alerts(): readonly ActiveAlert[] {
    return [...this.#alerts.values()].map(({ alert }) => alert);
  }

  /** @throws Error for a query that fails, and above a limit */
  evaluate(
    queryable: Queryable,
    atMs: number,
    { limit }: Pick<RuleGroup, 'limit'>,
    options: Partial<EngineOptions>,
  ): readonly RuleSample[] {
    const { query, isAlert } = this.rule;
    const result = evaluateInstant(query, atMs, queryable, options);
    if (result.type === 'matrix' || result.type === 'string')
      throw new Error('the result is neither a vector nor a scalar');
    const found =
      result.type === 'scalar'
        ? [{ labels: [], value: result.values[0] ?? NaN }]
        : result.columns.map(({ labels, values }) => ({ labels, value: values[0] ?? NaN }));
    const most = limit === 0 ? SERIES_MAX : Math.min(limit, SERIES_MAX);
    if (found.length > most)
      throw new Error(`exceeded limit of ${most} with ${found.length} series or alerts`);
    return isAlert ? this.#alert(found, atMs) : this.#record(found);
  }

  #record(found: readonly RuleSample[]): readonly RuleSample[] {
    const { name, labels } = this.rule;
    const made = found.map((sample) => ({
      labels: relabel(sample.labels, { ...labels, [METRIC_NAME]: name }),
      value: sample.value,
    }));
    refuseEqual(made);
    return made;
  }

  #alert(found: readonly RuleSample[], atMs: number): readonly RuleSample[] {
    const { rule } = this;
    const made = found.map(({ labels: own, value }) => {
      const expand = (text: string): string => expandTemplate(text, own, value);
      const given = mapValues(rule.labels, expand);
      const labels = relabel(own, { ...given, [METRIC_NAME]: '', alertname: rule.name });
      return { labels, value, annotations: mapValues(rule.annotations, expand) };
    });
    refuseEqual(made);
    const held = new Set<string>();
    for (const { labels, value, annotations } of made) {
      const key = labelSetKey(labels);
      held.add(key);
      const activeAtMs = this.#alerts.get(key)?.alert.activeAtMs ?? atMs;
      const state = atMs - activeAtMs >= rule.holdMs ? 'firing' : 'pending';
      const alert: ActiveAlert = { labels, annotations, state, activeAtMs, value };
      this.#alerts.set(key, { alert, heldAtMs: atMs });
    }
    for (const [key, { alert, heldAtMs }] of this.#alerts)
      if (!held.has(key) && (alert.state === 'pending' || atMs - heldAtMs >= rule.keepFiringMs))
        this.#alerts.delete(key);
    return this.alerts.flatMap(({ labels, state, activeAtMs }) => [
      { labels: relabel(labels, { [METRIC_NAME]: 'ALERTS', alertstate: state }), value: 1 },
      { labels: relabel(labels, { [METRIC_NAME]: 'ALERTS_FOR_STATE' }), value: activeAtMs / 1_000 },
    ]);
  }
}

/** @throws Error */
function refuseEqual(samples: readonly RuleSample[]): void {
  if (new Set(samples.map(({ labels }) => labelSetKey(labels))).size < samples.length)
    throw new Error('vector contains metrics with the same labelset after applying rule labels');
}

/** An empty value takes a label away. */
function relabel(labels: LabelSet, changes: Readonly<Record<string, string>>): LabelSet {
  return makeLabelSet([
    ...labels.map(({ name, value }) => [name, value] as const),
    ...Object.entries(changes),
  ]);
}

function mapValues(
  texts: Readonly<Record<string, string>>,
  map: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, map(text)]));
}

/** Only `{{ $value }}` and `{{ $labels.name }}` are expanded; other templates stay as written. */
function expandTemplate(text: string, labels: LabelSet, value: number): string {
  return text.replaceAll(
    /\{\{\s*\$(?:(value)|labels\.([a-zA-Z_]\w*))\s*\}\}/g,
    (_whole, isValue: string | undefined, name = '') =>
      isValue === undefined ? labelValue(labels, String(name)) : String(value),
  );
}
