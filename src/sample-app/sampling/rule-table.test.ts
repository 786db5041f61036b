import assert from 'node:assert/strict';
import { test } from 'node:test';
import { momentAt } from '../../../test/kit/moment.ts';
import { LocalDefault } from './local-default.ts';
import { Reservoir } from './reservoir.ts';
import type { SamplingRule } from './rule.ts';
import { RuleTable } from './rule-table.ts';

const NOW_MS = 1_700_000_000_000;
const NOW_SECONDS = NOW_MS / 1_000;

function makeRule(changes: Partial<SamplingRule> = {}): SamplingRule {
  return {
    name: 'Default',
    priority: 10_000,
    fixedRate: 0,
    reservoirSize: 1,
    serviceName: '*',
    serviceType: '*',
    method: '*',
    path: '*',
    host: '*',
    attributes: {},
    ...changes,
  };
}

function openTable(rule: SamplingRule, random = () => 0.5): RuleTable {
  const table = new RuleTable(random);
  table.load([rule], momentAt(NOW_MS));
  return table;
}

/** How many of `requests` at one moment are sampled. */
function countSampled(table: RuleTable, nowMs: number, requests = 10): number {
  let sampled = 0;
  for (let i = 0; i < requests; i++)
    if (table.decide({}, momentAt(nowMs))?.isSampled === true) sampled += 1;
  return sampled;
}

test('without a quota one request a second is borrowed, and none from a reservoir of 0', () => {
  const lending = openTable(makeRule());
  assert.equal(countSampled(lending, NOW_MS), 1);
  assert.equal(countSampled(lending, NOW_MS + 999), 0);
  assert.equal(countSampled(lending, NOW_MS + 1_000), 1);
  assert.equal(countSampled(openTable(makeRule({ reservoirSize: 0 })), NOW_MS), 0);
});

test('a quota counts until its end, 0 too, and then requests are borrowed again', () => {
  const table = openTable(makeRule());
  const target = { name: 'Default', fixedRate: undefined, intervalMs: undefined };
  table.assign([{ ...target, quota: 3, quotaEndSeconds: NOW_SECONDS + 5 }]);
  assert.equal(countSampled(table, NOW_MS), 3);
  assert.equal(countSampled(table, NOW_MS + 5_999), 3);
  assert.equal(countSampled(table, NOW_MS + 6_000), 1);
  table.assign([{ ...target, quota: 0, quotaEndSeconds: NOW_SECONDS + 60 }]);
  assert.equal(countSampled(table, NOW_MS + 7_000), 0);
  // What an answer leaves out stays: only the time is renewed.
  table.assign([{ ...target, quota: 2, quotaEndSeconds: undefined }]);
  assert.equal(countSampled(table, NOW_MS + 8_000), 2);
});

test('above the reservoir the rate decides, that of a target before that of the rule', () => {
  const table = openTable(makeRule({ fixedRate: 0.4, reservoirSize: 0 }), () => 0.5);
  assert.equal(countSampled(table, NOW_MS), 0);
  const target = { name: 'Default', quota: undefined, quotaEndSeconds: undefined };
  table.assign([{ ...target, fixedRate: 0.6, intervalMs: undefined }]);
  assert.equal(countSampled(table, NOW_MS), 10);
  const never = openTable(makeRule({ reservoirSize: 0 }), () => 0);
  assert.equal(countSampled(never, NOW_MS), 0, 'a rate of 0 samples nothing');
});

test('the first rule that matches decides, and requests that no rule matches have no decision', () => {
  const table = new RuleTable(() => 0.5);
  table.load(
    [
      makeRule({ name: 'all', priority: 2, method: 'GET' }),
      makeRule({ name: 'cart', priority: 1, path: '/cart' }),
    ],
    momentAt(NOW_MS),
  );
  assert.equal(table.decide({ method: 'GET', path: '/cart' }, momentAt(NOW_MS))?.rule, 'cart');
  assert.equal(table.decide({ method: 'GET', path: '/' }, momentAt(NOW_MS))?.rule, 'all');
  assert.equal(table.decide({ method: 'POST', path: '/' }, momentAt(NOW_MS)), undefined);
});

test('rules are followed for an hour', () => {
  const table = openTable(makeRule());
  assert.notEqual(table.decide({}, momentAt(NOW_MS + 3_600_000)), undefined);
  assert.equal(table.decide({}, momentAt(NOW_MS + 3_600_001)), undefined);
  assert.equal(new RuleTable(() => 0).decide({}, momentAt(NOW_MS)), undefined);
});

test('statistics are told when their interval is over, once, and come back when they were not', () => {
  const table = openTable(makeRule({ fixedRate: 1 }));
  countSampled(table, NOW_MS, 7);
  assert.deepEqual(table.takeDue(momentAt(NOW_MS + 9_999)), []);
  const [first] = table.takeDue(momentAt(NOW_MS + 10_000));
  assert.deepEqual(first, { name: 'Default', requests: 7, sampled: 6, borrowed: 1 });
  assert.deepEqual(table.takeDue(momentAt(NOW_MS + 60_000)), [], 'nothing new was decided');
  countSampled(table, NOW_MS + 60_000, 2);
  assert.ok(first !== undefined);
  table.restore([first]);
  assert.deepEqual(table.takeDue(momentAt(NOW_MS + 60_000)), [
    { name: 'Default', requests: 9, sampled: 7, borrowed: 2 },
  ]);
  const target = { name: 'Default', fixedRate: undefined, quota: undefined };
  table.assign([{ ...target, quotaEndSeconds: undefined, intervalMs: 30_000 }]);
  countSampled(table, NOW_MS + 60_000, 1);
  assert.deepEqual(table.takeDue(momentAt(NOW_MS + 89_999)), []);
  assert.equal(table.takeDue(momentAt(NOW_MS + 90_000)).length, 1);
});

test('a rule that is read again keeps its reservoir and its statistics', () => {
  const table = openTable(makeRule());
  assert.equal(countSampled(table, NOW_MS, 4), 1);
  table.load([makeRule()], momentAt(NOW_MS + 500));
  assert.equal(countSampled(table, NOW_MS + 500, 4), 0, 'this second has lent its request');
  assert.deepEqual(table.takeDue(momentAt(NOW_MS + 10_000)), [
    { name: 'Default', requests: 8, sampled: 0, borrowed: 1 },
  ]);
});

test('the default of the SDKs: the first request of each second, and 5 % of the others', () => {
  const always = new LocalDefault(() => 0.049);
  const never = new LocalDefault(() => 0.05);
  assert.deepEqual(
    [1, 1, 2].map((second) => always.isSampled(second)),
    [true, true, true],
  );
  assert.deepEqual(
    [1, 1, 2].map((second) => never.isSampled(second)),
    [true, false, true],
  );
});

test('a reservoir tells what was taken from what was borrowed', () => {
  const reservoir = new Reservoir(5);
  assert.equal(reservoir.draw(1), 'borrowed');
  reservoir.assign(1, 10);
  assert.equal(reservoir.draw(2), 'taken');
  assert.equal(reservoir.draw(2), 'none');
});
