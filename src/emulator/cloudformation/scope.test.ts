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

const judge = (size: string) =>
  judgeRules({
    inputs: {
      template: parseTemplate(JSON.stringify(TEMPLATE)),
      parameters: { Size: { value: size, text: size, isHidden: false, isStored: false } },
    },
    stack: { name: 's', id: 'arn:s' },
    place: { accountId: '000000000000', region: 'us-east-1' },
  });

test('a rule that does not hold is told in its words, and one that holds says nothing', () => {
  assert.throws(() => judge('large'), /Rule Small: small alone/);
  judge('small');
});
