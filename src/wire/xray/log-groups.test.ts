import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addLogGroups } from './log-groups.ts';

const LOGS = '"cloudwatch_logs":[{"log_group":"/ecs/\\"a\\""},{"log_group":"b"}]';
const add = (text: string): string => addLogGroups(Buffer.from(text), ['/ecs/"a"', 'b']).toString();

test('a segment gets the log groups, and its other bytes stay', () => {
  assert.equal(add('{"id": 1e0}'), `{"aws":{${LOGS}},"id": 1e0}`);
  assert.equal(add(' { "aws" : { "x":1} }'), ` { "aws" : {${LOGS}, "x":1} }`);
  assert.equal(add('{"aws":{}}'), `{"aws":{${LOGS}}}`);
});

test('log groups of its own, subsegments, and what is no segment, stay as they are', () => {
  const all = [
    '{"aws":{"cloudwatch_logs":[]}}',
    '{"type":"subsegment","id":"1"}',
    '{"aws":null}',
    '{}',
    '[]',
    'T1Sabc',
    '{"aws":{"x"',
  ];
  for (const text of all) assert.equal(add(text), text);
});
