/** Flags of doctor that ask for nothing, or for what is none, are refused before anything runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doctorChecks } from '../doctor/checks.ts';
import { checkRole, chooseChecks } from './doctor.ts';

const IDS = doctorChecks.map(({ id }) => id);
const ROLE = 'arn:aws:iam::123456789012:role/team/metrics';

test('checks are chosen by both flags, and one at least must be left', () => {
  const idsOf = (only: string[], skip: string[]) => chooseChecks(only, skip).map(({ id }) => id);
  assert.deepEqual(idsOf([], []), IDS);
  assert.deepEqual(idsOf(['clock', 'region'], ['clock']), ['region']);
  const none = { code: 'FLAG_VALUE', message: /^--skip leaves no check of those of --only;/ };
  assert.throws(() => idsOf(['clock'], ['clock']), none);
  assert.throws(() => idsOf(['clock', 'region'], ['region', 'clock']), none);
  assert.throws(() => idsOf([], IDS), { code: 'FLAG_VALUE', message: /^--skip leaves no check;/ });
  assert.throws(() => idsOf(['clok'], []), { code: 'FLAG_VALUE', message: /"clok" is no check/ });
});

test('what --role names is a role, and the check of permissions looks at it', () => {
  checkRole(undefined, chooseChecks(['clock'], []));
  checkRole(ROLE, doctorChecks);
  checkRole('arn:aws-us-gov:iam::123456789012:role/metrics', doctorChecks);
  for (const role of [
    'metrics',
    'arn:aws:iam::12345:role/metrics',
    'arn:aws:iam::123456789012:role/',
    'arn:aws:sts::123456789012:assumed-role/metrics/s',
  ])
    assert.throws(() => checkRole(role, doctorChecks), {
      code: 'FLAG_VALUE',
      message: /is no role; write its ARN, such as arn:aws:iam::123456789012:role\/metrics/,
    });
  assert.throws(() => checkRole(ROLE, chooseChecks([], ['permissions'])), {
    code: 'FLAG_VALUE',
    message: /--role is for the check "permissions", which does not run/,
  });
});
