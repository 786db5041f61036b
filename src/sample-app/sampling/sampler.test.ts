import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { componentContract } from '../../../test/contracts/component.ts';
import { onEnd } from '../../../test/kit/ending.ts';
import { fakeHttp, type FakeAnswer, json } from '../../../test/kit/fake-http.ts';
import { createWorld } from '../../../test/kit/world.ts';
import type { ClientRequest } from '../../kernel/http-client.ts';
import { TraceSampler } from './sampler.ts';
import { createSamplingService, splitStatistics } from './service.ts';

type Bodies = Readonly<Record<string, unknown>>;

function recordOf(changes: object): unknown {
  return {
    SamplingRule: {
      Version: 1,
      ResourceARN: '*',
      RuleName: 'Default',
      Priority: 10_000,
      FixedRate: 1,
      ReservoirSize: 1,
      ServiceName: '*',
      ServiceType: '*',
      HTTPMethod: '*',
      URLPath: '*',
      Host: '*',
      Attributes: {},
      ...changes,
    },
  };
}

const allRules = json(JSON.stringify({ SamplingRuleRecords: [recordOf({})] }));

/** A sampler whose service answers by path; `answers` may be changed while it runs. */
function start(context: TestContext, answers: { rules: FakeAnswer; targets: FakeAnswer }) {
  const asked: { path: string; body: Bodies }[] = [];
  const http = fakeHttp((request: ClientRequest) => {
    const path = new URL(request.url).pathname;
    asked.push({ path, body: JSON.parse(String(request.body)) as Bodies });
    return path === '/GetSamplingRules' ? answers.rules : answers.targets;
  });
  const world = createWorld({ http });
  const sampler = new TraceSampler({
    world,
    service: createSamplingService('http://daemon:2000', http, 'a'.repeat(24)),
    random: () => 0,
  });
  onEnd(context, () => sampler.stop());
  const countCalls = (path: string): number => asked.filter((call) => call.path === path).length;
  return { sampler, world, asked, countCalls };
}

componentContract('the sampler', () => {
  const http = fakeHttp(() => 503);
  return new TraceSampler({
    world: createWorld({ http }),
    service: createSamplingService('http://daemon:2000', http, 'a'.repeat(24)),
    random: () => 0,
  });
});

test('rules are fetched at the start and each 300 s, and decide', async (context) => {
  const { sampler, world, countCalls } = start(context, { rules: allRules, targets: 500 });
  assert.equal(sampler.decide({}).rule, undefined, 'nothing waits for the rules');
  await sampler.start();
  await world.clock.advance(0);
  assert.deepEqual(sampler.decide({}), { rule: 'Default', isSampled: true });
  await world.clock.advance(299_000);
  assert.equal(countCalls('/GetSamplingRules'), 1);
  await world.clock.advance(2_000);
  assert.equal(countCalls('/GetSamplingRules'), 2);
  const said = world.lines.filter((line) => line.includes('by the rules of X-Ray'));
  assert.equal(said.length, 1, 'a refresh says nothing');
});

test('all pages of the list are read, and what is not a rule is left out', async (context) => {
  const answers = { rules: allRules, targets: 500 as FakeAnswer };
  const { sampler, world, asked } = start(context, answers);
  const pages = [
    {
      SamplingRuleRecords: [recordOf({ RuleName: 'cart', Priority: 1, URLPath: '/cart' })],
      NextToken: 'p2',
    },
    { SamplingRuleRecords: [{ SamplingRule: { Version: 9 } }, 7], NextToken: 'p3' },
    { SamplingRuleRecords: [recordOf({})], NextToken: null },
  ];
  Object.defineProperty(answers, 'rules', { get: () => json(JSON.stringify(pages.shift())) });
  await sampler.start();
  await world.clock.advance(0);
  assert.deepEqual(
    asked.map(({ body }) => body),
    [{}, { NextToken: 'p2' }, { NextToken: 'p3' }],
  );
  assert.equal(sampler.decide({ path: '/cart' }).rule, 'cart');
  assert.equal(sampler.decide({ path: '/' }).rule, 'Default');
  assert.ok(
    world.lines.some((line) => line.includes('rules=2 left_out=2')),
    world.lines.join('\n'),
  );
});

test('a list of pages without an end ends', async (context) => {
  const endless = JSON.stringify({ SamplingRuleRecords: [recordOf({})], NextToken: 'again' });
  const { sampler, world, countCalls } = start(context, { rules: json(endless), targets: 500 });
  await sampler.start();
  for (let i = 0; i < 20; i++) await world.clock.advance(0);
  assert.equal(countCalls('/GetSamplingRules'), 50);
});

test('while none answers the default of the SDKs decides, said once, and it is asked again soon', async (context) => {
  for (const failure of [503, 'no JSON', new Error('refused'), json('{}'), json('[]')]) {
    const answers: { rules: FakeAnswer; targets: FakeAnswer } = { rules: failure, targets: 500 };
    const { sampler, world, countCalls } = start(context, answers);
    await sampler.start();
    await world.clock.advance(35_000);
    assert.equal(countCalls('/GetSamplingRules'), 3, 'at 0, 10 and 30 s');
    assert.deepEqual(sampler.decide({}), { rule: undefined, isSampled: true });
    const said = world.lines.filter((line) => line.includes('no sampling rules'));
    assert.equal(said.length, 1, world.lines.join('\n'));
    answers.rules = allRules;
    await world.clock.advance(40_000);
    assert.equal(sampler.decide({}).rule, 'Default');
  }
});

test('rules stay in force for an hour while none answers, and then the default decides', async (context) => {
  const answers: { rules: FakeAnswer; targets: FakeAnswer } = { rules: allRules, targets: 500 };
  const { sampler, world } = start(context, answers);
  await sampler.start();
  await world.clock.advance(1_000);
  answers.rules = 503;
  await world.clock.advance(3_590_000);
  assert.equal(sampler.decide({}).rule, 'Default');
  assert.ok(!world.lines.some((line) => line.includes('no sampling rules')));
  await world.clock.advance(300_000);
  assert.equal(sampler.decide({}).rule, undefined);
  assert.equal(world.lines.filter((line) => line.includes('no sampling rules')).length, 1);
});

test('statistics are told each 10 s with the id of the client, and a failed call loses none', async (context) => {
  const answers: { rules: FakeAnswer; targets: FakeAnswer } = { rules: allRules, targets: 503 };
  const { sampler, world, asked } = start(context, answers);
  await sampler.start();
  await world.clock.advance(0);
  for (let i = 0; i < 3; i++) sampler.decide({});
  await world.clock.advance(10_500);
  sampler.decide({});
  answers.targets = json(
    JSON.stringify({
      SamplingTargetDocuments: [
        {
          RuleName: 'Default',
          FixedRate: 0,
          ReservoirQuota: 1,
          ReservoirQuotaTTL: 9_999_999_999,
          Interval: 30,
        },
        { RuleName: 'Default', FixedRate: 'all' },
      ],
      UnprocessedStatistics: [],
      LastRuleModification: 1,
      SamplingBoostDocuments: [],
    }),
  );
  await world.clock.advance(10_000);
  const told = asked.filter(({ path }) => path === '/SamplingTargets');
  const first = told.at(0)?.body['SamplingStatisticsDocuments'] as Bodies[];
  const second = told.at(-1)?.body['SamplingStatisticsDocuments'] as Bodies[];
  assert.equal(told.length, 2);
  const { Timestamp: at, ...counts } = first[0] ?? {};
  assert.equal(at, Math.floor(world.clock.nowMs() / 1_000) - 10);
  assert.deepEqual(counts, {
    RuleName: 'Default',
    ClientID: 'a'.repeat(24),
    RequestCount: 3,
    SampledCount: 2,
    BorrowCount: 1,
  });
  assert.equal(second[0]?.['RequestCount'], 4);
  // The target is in force: one of the quota, nothing by the rate of 0, and told after 30 s.
  const sampled = [1, 2, 3].map(() => sampler.decide({}).isSampled);
  assert.deepEqual(sampled, [true, false, false]);
  await world.clock.advance(20_000);
  assert.equal(asked.filter(({ path }) => path === '/SamplingTargets').length, 2);
  await world.clock.advance(11_000);
  assert.equal(asked.filter(({ path }) => path === '/SamplingTargets').length, 3);
});

test('rules that were changed since are fetched at once, once for each change', async (context) => {
  const answers: { rules: FakeAnswer; targets: FakeAnswer } = { rules: allRules, targets: 503 };
  const { sampler, world, countCalls } = start(context, answers);
  await sampler.start();
  await world.clock.advance(1_000);
  // Ahead of this machine's clock, so that it stays later than any fetch.
  const LastRuleModification = world.clock.nowMs() / 1_000 + 600;
  answers.targets = json(JSON.stringify({ SamplingTargetDocuments: [], LastRuleModification }));
  answers.rules = json(
    JSON.stringify({
      SamplingRuleRecords: [recordOf({}), recordOf({ RuleName: 'new', Priority: 1 })],
    }),
  );
  for (let i = 0; i < 4; i++) {
    sampler.decide({});
    await world.clock.advance(10_000);
  }
  assert.equal(countCalls('/GetSamplingRules'), 2);
  assert.equal(sampler.decide({}).rule, 'new');
});

test('without a TCP address the default decides, and a line says so', async (context) => {
  const world = createWorld();
  const sampler = new TraceSampler({ world, service: undefined, random: () => 0.9 });
  onEnd(context, () => sampler.stop());
  await sampler.start();
  assert.deepEqual([sampler.decide({}).isSampled, sampler.decide({}).isSampled], [true, false]);
  assert.equal(world.lines.filter((line) => line.includes('no TCP address')).length, 1);
});

test('one request tells at most 25 statistics', () => {
  const all = Array.from({ length: 51 }, (_, i) => ({
    name: `${i}`,
    requests: 1,
    sampled: 0,
    borrowed: 0,
  }));
  const parts = splitStatistics(all);
  assert.deepEqual(
    parts.map(({ length }) => length),
    [25, 25, 1],
  );
  assert.deepEqual(parts.flat(), all);
});
