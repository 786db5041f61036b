import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../test/kit/world.ts';
import { KeptAnswers, type KeptLimits } from './kept-answers.ts';

function open(limits: Partial<KeptLimits>) {
  const world = createWorld();
  const { metrics, clock } = world;
  const answers = new KeptAnswers<string>(
    { count: 10, bytes: 1_000, ageMs: 1_000, ...limits },
    clock,
    {
      kept: metrics.gauge('kept', ''),
      keptBytes: metrics.gauge('bytes', ''),
      evicted: metrics.counter('evicted', ''),
    },
  );
  return { ...world, answers };
}

test('the answer that was renewed longest ago is forgotten first, and counted', () => {
  const { answers, metric } = open({ count: 2 });
  answers.keep('a', '1', 1);
  answers.keep('b', '2', 1);
  answers.keep('a', '3', 1);
  answers.keep('c', '4', 1);
  assert.equal(answers.find('a')?.answer, '3');
  assert.equal(answers.find('b'), undefined);
  assert.equal(answers.find('c')?.answer, '4');
  assert.equal(metric('evicted'), 1);
  assert.equal(metric('kept'), 2);
  assert.equal(metric('bytes'), 4);
});

test('bytes are bounded; an answer that is larger than all together is not kept', () => {
  const { answers, metric } = open({ bytes: 100 });
  answers.keep('a', '', 59);
  answers.keep('b', '', 39);
  assert.equal(metric('bytes'), 100);
  answers.keep('c', '', 10);
  assert.equal(answers.find('a'), undefined);
  assert.ok(answers.find('b'));
  answers.keep('b', '', 200);
  assert.equal(answers.find('b'), undefined);
  assert.equal(metric('bytes'), 11);
  assert.equal(metric('evicted'), 2);
});

test('what is too old is not given; a clock that is set makes nothing older or younger', async () => {
  const { answers, clock, metric } = open({});
  answers.keep('a', '', 1);
  await clock.advance(1_000);
  assert.ok(answers.find('a'));
  clock.step(-60_000);
  answers.keep('later', '', 1);
  assert.equal(answers.ageMs(answers.find('later')!), 0);
  await clock.advance(1);
  assert.equal(answers.find('a'), undefined);
  assert.equal(metric('kept'), 1);
  assert.equal(metric('evicted'), 0);
});
