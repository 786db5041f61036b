import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { matchesRule, readSamplingRule, type SamplingRequest, sortRules } from './rule.ts';
import { matchesWildcard } from './wildcard.ts';

const anything = {
  Version: 1,
  ResourceARN: '*',
  RuleName: 'one',
  Priority: 10,
  FixedRate: 0.5,
  ReservoirSize: 1,
  ServiceName: '*',
  ServiceType: '*',
  HTTPMethod: '*',
  URLPath: '*',
  Host: '*',
  Attributes: {},
};

function readRule(changes: object) {
  const rule = readSamplingRule({ SamplingRule: { ...anything, ...changes } });
  assert.ok(rule !== undefined, JSON.stringify(changes));
  return rule;
}

test('a pattern matches the whole text, with any text for * and one character for ?', () => {
  for (const [pattern, text, isMatch] of [
    ['*', '', true],
    ['*', 'anything at all', true],
    ['', '', true],
    ['', 'a', false],
    ['?', '', false],
    ['?', 'a', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['abc', 'abcd', false],
    ['/api/*', '/API/users', true],
    ['GET', 'get', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXbY', false],
    ['*a?', 'banana!', true],
    ['**', '', true],
    ['a.c', 'abc', false],
    ['[a-z]+', 'abc', false],
  ] as const)
    assert.equal(matchesWildcard(pattern, text), isMatch, `${pattern} ~ ${text}`);
});

test('a pattern of many stars costs no more than its length times that of the text', () => {
  const startMs = performance.now();
  assert.equal(matchesWildcard('*a'.repeat(200), 'a'.repeat(20_000).concat('b')), false);
  assert.ok(performance.now() - startMs < 2_000);
});

test('each part of a rule must match, and a part that is not known does', () => {
  const request: SamplingRequest = {
    serviceName: 'shop',
    serviceType: 'AWS::ECS::Container',
    method: 'GET',
    path: '/cart/17?full=1',
    host: 'shop.example.com:8080',
    attributes: { tier: 'gold' },
  };
  for (const [changes, isMatch] of [
    [{}, true],
    [{ ServiceName: 'sh?p' }, true],
    [{ ServiceName: 'other' }, false],
    [{ ServiceType: 'AWS::EC2::Instance' }, false],
    [{ HTTPMethod: 'get' }, true],
    [{ HTTPMethod: 'POST' }, false],
    [{ URLPath: '/cart/*' }, true],
    [{ URLPath: '/cart/17' }, false],
    [{ Host: 'shop.example.com:*' }, true],
    [{ Host: 'shop.example.com' }, false],
    [{ Attributes: { tier: 'g*' } }, true],
    [{ Attributes: { tier: 'silver' } }, false],
    [{ Attributes: { tier: '*', region: '*' } }, false],
  ] as const)
    assert.equal(matchesRule(readRule(changes), request), isMatch, JSON.stringify(changes));
  assert.equal(matchesRule(readRule({ ServiceType: 'AWS::EC2::Instance', Host: 'x' }), {}), true);
  assert.equal(matchesRule(readRule({ RuleName: 'Default', Host: 'x' }), request), true);
});

test('rules are asked by priority, then by name', () => {
  const named = (RuleName: string, Priority: number) => readRule({ RuleName, Priority });
  const sorted = sortRules([named('z', 5), named('Default', 10_000), named('a', 5), named('m', 1)]);
  assert.deepEqual(
    sorted.map(({ name }) => name),
    ['m', 'a', 'z', 'Default'],
  );
});

test('a record that is malformed or of another kind is left out', () => {
  for (const changes of [
    { Version: 2 },
    { ResourceARN: 'arn:aws:lambda:us-east-1:1:function:f' },
    { RuleName: '' },
    { RuleName: undefined },
    { Priority: 'high' },
    { FixedRate: 1.5 },
    { FixedRate: null },
    { ReservoirSize: -1 },
    { Attributes: { tier: 1 } },
  ])
    assert.equal(
      readSamplingRule({ SamplingRule: { ...anything, ...changes } }),
      undefined,
      JSON.stringify(changes),
    );
  for (const record of [undefined, null, 'rule', 5, [], {}, { SamplingRule: null }])
    assert.equal(readSamplingRule(record), undefined);
  assert.notEqual(
    readSamplingRule({ SamplingRule: { ...anything, SamplingRateBoost: {} } }),
    undefined,
  );
});

test(
  'published answers: every record is read, and requests find their rules',
  { skip: skipWithoutConformance },
  () => {
    const folder = conformancePath('xray', 'sampling');
    const files = readdirSync(folder).filter((file) => file.includes('rules-response'));
    assert.ok(files.length >= 4);
    const rulesOf = (file: string) => {
      const answer = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as {
        SamplingRuleRecords: unknown[];
      };
      const rules = answer.SamplingRuleRecords.flatMap((record) => readSamplingRule(record) ?? []);
      assert.equal(rules.length, answer.SamplingRuleRecords.length, file);
      return sortRules(rules);
    };
    for (const file of files) rulesOf(file);
    const rules = rulesOf('get-sampling-rules-response-sample.json');
    const find = (request: SamplingRequest) =>
      rules.find((rule) => matchesRule(rule, request))?.name;
    const known = { serviceName: 'FooBar', method: 'GET', path: '/foo/bar', host: 'localhost' };
    assert.equal(find(known), 'Rule2');
    assert.equal(find({ ...known, method: 'POST' }), 'Default');
    const attributes = { foo: 'bar', doo: 'baz' };
    const other = { ...known, path: '/other', attributes };
    assert.equal(find({ ...other, serviceType: 'AWS::Foo::Bar' }), 'Rule1');
    assert.equal(find({ ...other, serviceType: 'AWS::ECS::Container' }), 'Default');
    assert.equal(
      find({ ...other, serviceType: 'AWS::Foo::Bar', attributes: { foo: 'bar' } }),
      'Default',
    );
  },
);
