/** Rules of a template are judged before anything is made of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScope } from './scope.ts';
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

const open = (size: string) =>
  openScope({
    inputs: {
      template: parseTemplate(JSON.stringify(TEMPLATE)),
      parameters: { Size: { value: size, text: size, isHidden: false, isStored: false } },
    },
    stack: { name: 's', id: 'arn:s' },
    place: { accountId: '000000000000', region: 'us-east-1' },
    deploy: async () => ({}),
    importValue: (name) => assert.fail(name),
    findMade: () => undefined,
  });

test('a rule that does not hold is told in its words, and one that holds says nothing', async () => {
  await assert.rejects(open('large'), /Rule Small: small alone/);
  assert.equal((await open('small')).ref('Size'), 'small');
});
