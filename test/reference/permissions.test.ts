/**
 * The table of permissions in docs/on-ecs.md names each action that the code calls, and no other.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SERVICES =
  'aps|cloudwatch|ec2|ecs|elasticache|kafka|logs|rds|s3|secretsmanager|servicediscovery|sqs|ssm|sts|xray';
const ACTION = new RegExp(`\\b(?:${SERVICES}):[A-Z][A-Za-z]+`, 'g');

/** Actions without a call in the code by this name, and why the table has them. */
const MORE = new Map([
  ['kms:Decrypt', 'AWS asks it for a parameter with a key of its own'],
  ['sts:AssumeRole', 'the SDK calls it'],
  ['cloudwatch:PutMetricData', 'asked by OTLP'],
  ['s3:GetObjectVersion', 'AWS asks it in place of GetObject where a version is named'],
  ['xray:GetSamplingRules', 'passed on by path'],
  ['xray:GetSamplingTargets', 'passed on by path'],
  ['xray:GetSamplingStatisticSummaries', 'passed on by path'],
  ['xray:BatchGetTraces', 'asked by path'],
  ['xray:GetServiceGraph', 'asked by path'],
  ['cloudwatch:ListMetrics', 'asked by the name of the operation'],
  ['cloudwatch:GetMetricData', 'asked by the name of the operation'],
  ['logs:PutLogEvents', 'asked by the name of the operation'],
  ['logs:CreateLogStream', 'asked by the name of the operation'],
  ['logs:PutRetentionPolicy', 'asked by the name of the operation'],
  ['logs:TagResource', 'asked by the name of the operation'],
]);

/** Actions that are only named, since nothing here calls them. */
const NAMED_ONLY = new Set(['ec2:DescribeTags']);

/**
 * The emulator answers calls; what deployers need is a policy of its own, which
 * test/deploy/proved-deployer.slow.test.ts proves.
 */
const ELSEWHERE = /^src.(?:emulator|deploy|commands.deployment)/;

test('the table of permissions names each action that the code calls, and no other', () => {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter(
    (file) => !file.endsWith('.test.ts') && !ELSEWHERE.test(file),
  );
  const called = new Set(
    files.flatMap((file) => readFileSync(path.join(ROOT, file), 'utf8').match(ACTION) ?? []),
  );
  const page = readFileSync(path.join(ROOT, 'docs/on-ecs.md'), 'utf8');
  const listed = new Set(page.match(new RegExp(`${ACTION.source}|kms:Decrypt`, 'g')));
  const absent = [...called].filter((action) => !listed.has(action) && !NAMED_ONLY.has(action));
  assert.deepEqual(absent, [], 'name them in docs/on-ecs.md');
  const idle = [...listed].filter((action) => !called.has(action) && !MORE.has(action));
  assert.deepEqual(idle, [], 'nothing calls these: take them out of docs/on-ecs.md');
  assert.ok(called.size > 20);
});

/** Actions of the table that no policy is given, and why. */
const NOT_GIVEN = new Set([
  'servicediscovery:ListInstances', // in place of one that is given
  'servicediscovery:GetInstancesHealthStatus',
  'ecs:ListTagsForResource', // of the role of an instance
  'aps:DescribeWorkspace', // of who runs doctor
]);

test('policies are made of the same actions as the table', () => {
  const files = ['permissions.ts', 'discovery-permissions.ts'];
  const given = new Set(
    files.flatMap((file) =>
      readFileSync(path.join(ROOT, 'src/deploy', file), 'utf8').match(ACTION),
    ),
  );
  const page = readFileSync(path.join(ROOT, 'docs/on-ecs.md'), 'utf8');
  const listed = new Set((page.match(ACTION) ?? []).filter((action) => !NOT_GIVEN.has(action)));
  assert.deepEqual(given, listed);
});
