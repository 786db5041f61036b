import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderExplained } from './explain.ts';
import { Found } from './found.ts';

const lack = {
  what: 'ecs:ListTasks',
  scope: 'prod',
  cause: 'failed',
  words: 'ecs:ListTasks: AccessDeniedException; the role in use needs ecs:ListTasks',
  isBlocking: true,
} as const;

test('a list is whole when each job has one, and a job alone when it has its own', () => {
  const found = new Found(['a', 'b']);
  found.groups.set('a', [{ source: 'x', targets: [{ __address__: 'a:1' }], labels: {} }]);
  assert.equal(found.isWhole(), false);
  assert.equal(found.isWhole(['a']), true);
  found.groups.set('b', []);
  assert.equal(found.isWhole(), true);
  assert.equal(found.listGroups().length, 1);
});

test('the refusal says of each job what is lacking, and nothing of what only costs labels', () => {
  const found = new Found(['a', 'b', 'c']);
  found.groups.set('c', []);
  found.lacks.set('a', [lack, { ...lack, cause: 'denied', words: 'labels', isBlocking: false }]);
  found.lacks.set('c', [lack]);
  assert.equal(
    found.describeLacks(),
    [
      'the target list is not whole yet; a part of it would end the targets that it lacks',
      `job "a" (prod): ${lack.words}`,
      'job "b" is being read',
      '',
    ].join('\n'),
  );
});

test('the refusal is bounded', () => {
  const found = new Found(['a']);
  const many = Array.from({ length: 500 }, (_, index) => ({ ...lack, scope: `c${index}` }));
  found.lacks.set('a', many);
  const lines = found.describeLacks().split('\n');
  assert.equal(lines.length, 23);
  assert.equal(lines.at(-2), 'and 480 more; see /explain');
});

test('an explanation ends with what is not known', () => {
  assert.match(
    renderExplained([], '', [lack]),
    /^not known, failed: ecs:ListTasks: Access.*\n0 targets/,
  );
});

test('bug: control characters in what AWS tells reach no terminal', () => {
  const target = { __address__: '10.0.0.1:80', __meta_ec2_tag_a: 'x\u009b1m' };
  const verdicts = [{ container: '', rule: '', target, words: 'w' }];
  const text = renderExplained([{ task: 'i-1', group: 'web\u001b[2J\nforged', verdicts }], '');
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  assert.equal(text.split('\n').length, 5, 'no line of its own');
});
