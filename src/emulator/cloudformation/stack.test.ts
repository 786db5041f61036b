import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../kernel/clock.ts';
import { EmulatedStack } from './stack.ts';
import { parseTemplate } from './template.ts';
import type { ParameterValues } from './template-parameters.ts';

test('what is hidden is hidden once, whatever it looks like', () => {
  const template = parseTemplate('Resources: {A: {Type: AWS::Logs::LogGroup}}');
  const secrets = [...Array.from({ length: 40 }, () => '*'), 'hush', 'hush-hush', 'a"b'];
  const parameters: ParameterValues = Object.fromEntries(
    secrets.map((text, i) => [`P${i}`, { text, value: text, isHidden: true, isStored: false }]),
  );
  const inputs = { template, parameters, tags: [], capabilities: [] };
  const stack = new EmulatedStack({ name: 'a', id: 'arn' }, inputs, systemClock);
  const declared = { Value: 'hush-hush * hush a"b' };
  const policies = { deletionPolicy: 'Delete', updateReplacePolicy: 'Delete' };
  const resource = { id: 'A', type: 'T', declared, properties: {}, dependsOn: [], ...policies };
  stack.tell({ ...resource, status: '', timestampMs: 0 }, 'CREATE_IN_PROGRESS');
  assert.equal(stack.events[0]?.properties, '{"Value":"**** **** **** ****"}');
});
