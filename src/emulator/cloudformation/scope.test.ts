/** Rules of a template are judged before anything is made of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeRules } from './scope.ts';
import { parseTemplate } from './template.ts';

const TEMPLATE = {
  Parameters: { Size: { Type: 'String' } },
  Rules: {
    Small: {
      Assertions: [
        { Assert: { 'Fn::Equals': [{ Ref: 'Size' }, 'small'] }, AssertDescription: 'small alone' },
      ],
    },
  },
  Resources: { Cluster: { Type: 'AWS::ECS::Cluster' } },
};

const judge = (size: string, more: object = {}) =>
  judgeRules({
    inputs: {
      template: parseTemplate(JSON.stringify({ ...TEMPLATE, ...more })),
      parameters: { Size: { value: size, text: size, isHidden: false, isStored: false } },
    },
    stack: { name: 's', id: 'arn:s' },
    place: { accountId: '000000000000', region: 'us-east-1' },
  });

test('a rule that does not hold is told in its words, and one that holds says nothing', () => {
  assert.throws(() => judge('large'), /Rule Small: small alone/);
  judge('small');
});

test('conditions that name each other in a circle, or without end, are refused', () => {
  const link = (name: string): object =>
    Array.from({ length: 60 }).reduce<object>((inner) => ({ 'Fn::Not': [inner] }), {
      Condition: name,
    });
  const long = Object.fromEntries(
    Array.from({ length: 400 }, (_, i) => [`C${i}`, link(`C${i + 1}`)]),
  );
  const rows: readonly (readonly [object, RegExp])[] = [
    [{ C0: { Condition: 'C0' } }, /^Circular dependency between conditions: \[C0\]$/],
    [{ ...long, C400: { 'Fn::Equals': [1, 1] } }, /nest deeper than 1000 levels/],
    [{ C: { 'Fn::Equals': [{ 'Fn::ImportValue': 'a' }, 1] } }, /ImportValue cannot be used in/],
  ];
  for (const [Conditions, message] of rows)
    assert.throws(() => judge('small', { Conditions }), { code: 'ValidationError', message });
});
