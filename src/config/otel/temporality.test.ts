import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentReporter } from '../../settings/finding.ts';
import { checkTemporality } from './temporality.ts';

/** Where increases are refused, as paths, for a pipeline with these processors. */
function refuse(processors: readonly string[], writers = ['prw']): string[] {
  const refused: string[] = [];
  const pipeline = { receivers: ['prometheus'], processors: [...processors], exporters: ['prw', 'file'] };
  checkTemporality([{ name: 'metrics', signal: 'metrics', ...pipeline }], new Set(writers), {
    input: { service: { pipelines: { metrics: pipeline } } },
    report: { ...silentReporter, lacks: (path) => refused.push(path.join('.')) },
  });
  return refused;
} // prettier-ignore

test('a processor that makes increases is refused where remote write follows', () => {
  const at = 'service.pipelines.metrics.processors';
  assert.deepEqual(refuse(['batch', 'cumulativetodelta/a', 'filter']), [`${at}.1`]);
  assert.deepEqual(refuse(['cumulative_to_delta']), [`${at}.0`]);
  assert.deepEqual(refuse(['deltatocumulative', 'cumulativetodelta']), [`${at}.1`]);
  assert.deepEqual(refuse(['cumulativetodelta', 'deltatocumulative']), []);
  assert.deepEqual(refuse(['batch']), []);
  assert.deepEqual(refuse(['cumulativetodelta'], []), []);
});
