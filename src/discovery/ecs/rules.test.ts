import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskFacts } from './facts.ts';
import { applyRules, DEFAULT_DOCKER_LABELS } from './rules.ts';

const [LABELS] = DEFAULT_DOCKER_LABELS;
const RULES = { services: [], definitions: [], dockerLabels: [LABELS!], isDynamic: false };

/** What the rules make of a port label with this text. */
function applyLabel(text: string) {
  const container = { name: 'app', dockerLabels: { [LABELS!.port_label]: text } };
  const [found] = applyRules(RULES, { task: {} } as unknown as TaskFacts, container);
  return found;
}

test('a port label is read with its settings, a value up to its end', () => {
  const found = applyLabel('9404:/metrics;job=a=b;interval=1m30s');
  assert.ok(found !== undefined && 'containerPort' in found);
  assert.deepEqual(
    [found.containerPort, found.path, found.job, found.intervalMs],
    [9404, '/metrics', 'a=b', 90_000],
  );
});

test('a bad port label is refused in the words of configurations', () => {
  const cases: [text: string, words: string][] = [
    ['9404;interval=30', 'interval: duration "30" has no unit; write 30s for seconds'],
    ['9404;interval=x', 'interval: "x" is not a duration; write it as 15s, 1m30s or 1h'],
    ['9404;interval=0', 'interval: must be more than 0'],
    ['9404;interval', 'interval: "" is not a duration; write it as 15s, 1m30s or 1h'],
    ['9404;every=1s', '"every" is none of job, scheme and interval'],
    ['0', 'write a port, or port:/path'],
    ['65536', 'write a port, or port:/path'],
    ['x', 'write a port, or port:/path'],
  ];
  for (const [text, words] of cases) {
    const found = applyLabel(text);
    assert.ok(found !== undefined && 'reason' in found, text);
    assert.ok(found.words.includes(`is "${text}": ${words}`), found.words);
  }
});
