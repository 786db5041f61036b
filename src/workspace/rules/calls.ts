/**
 * The calls of the query API that list rules and alerts.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules
 */
import { ApiError } from '../api/answer.ts';
import type { ApiCall } from '../api/routes.ts';
import type { EvaluatedGroup } from './evaluator.ts';
import type { ActiveAlert, RuleState } from './rule-state.ts';

export function makeRuleCalls(listGroups: () => readonly EvaluatedGroup[]): ApiCall[] {
  return [
    {
      path: 'rules',
      methods: ['GET'],
      handle: (parameters) => {
        const isWanted = readFilter(parameters);
        const groups = listGroups().map((one) => renderGroup(one, one.states.filter(isWanted)));
        const isFiltered = parameters.has('type') || parameters.has('rule_name[]');
        const shown = groups.filter(({ rules }) => !isFiltered || rules.length > 0);
        return { json: JSON.stringify({ groups: shown }) };
      },
    },
    {
      path: 'alerts',
      methods: ['GET'],
      handle: () => {
        const alerts = listGroups().flatMap(({ states }) =>
          states.flatMap((state) => state.alerts.map(renderAlert)),
        );
        return { json: JSON.stringify({ alerts }) };
      },
    },
  ];
}

function readFilter(parameters: URLSearchParams): (state: RuleState) => boolean {
  const type = parameters.get('type') ?? '';
  const names = parameters.getAll('rule_name[]');
  if (!['', 'alert', 'record'].includes(type))
    throw new ApiError('bad_data', `not supported value ${JSON.stringify(type)}`);
  return ({ rule }) =>
    (type === '' || (type === 'alert') === rule.isAlert) &&
    (names.length === 0 || names.includes(rule.name));
}

function renderGroup(
  { group, file, lastAtMs, lastSeconds }: EvaluatedGroup,
  states: readonly RuleState[],
) {
  return {
    name: group.name,
    file,
    rules: states.map(renderRule),
    interval: group.intervalMs / 1_000,
    limit: group.limit,
    evaluationTime: lastSeconds,
    lastEvaluation: renderTime(lastAtMs),
  };
}

function renderRule(state: RuleState): object {
  const { rule, lastError, lastAtMs, lastSeconds, alerts } = state;
  const health = lastAtMs === undefined ? 'unknown' : lastError === undefined ? 'ok' : 'err';
  const shared = {
    name: rule.name,
    query: rule.query,
    labels: rule.labels,
    health,
    ...(lastError === undefined ? {} : { lastError }),
    evaluationTime: lastSeconds,
    lastEvaluation: renderTime(lastAtMs),
    type: rule.isAlert ? 'alerting' : 'recording',
  };
  if (!rule.isAlert) return shared;
  const firing = alerts.some((alert) => alert.state === 'firing');
  return {
    state: firing ? 'firing' : alerts.length > 0 ? 'pending' : 'inactive',
    ...shared,
    duration: rule.holdMs / 1_000,
    keepFiringFor: rule.keepFiringMs / 1_000,
    annotations: rule.annotations,
    alerts: alerts.map(renderAlert),
  };
}

function renderAlert({ labels, annotations, state, activeAtMs, value }: ActiveAlert): object {
  return {
    labels: Object.fromEntries(labels.map((label) => [label.name, label.value])),
    annotations,
    state,
    activeAt: new Date(activeAtMs).toISOString(),
    value: String(value),
  };
}

/** Go's zero time for what was never evaluated. */
function renderTime(ms: number | undefined): string {
  return ms === undefined ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString();
}
