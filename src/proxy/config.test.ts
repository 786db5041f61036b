import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../kernel/errors.ts';
import { parseRoutes } from './config.ts';

test('routes are read as other configurations are: switches, durations and roles', () => {
  const [route] = parseRoutes(
    {
      routes: [
        {
          host: 'A.Local',
          strip_path: 'yes',
          presign: '15m',
          region: '',
          role_arn: 'r',
          external_id: 7,
        },
      ],
    },
    'routes.yml',
  );
  assert.equal(route?.host, 'a.local');
  assert.equal(route?.stripPath, true);
  assert.equal(route?.unsignedPayload, false);
  assert.equal(route?.presignSeconds, 900);
  assert.equal(route?.region, undefined);
  assert.equal(route?.externalId, '7');
});

test('a wrong value of a route is refused in the same words as in other configurations', () => {
  const cases: [object, RegExp][] = [
    [{ presign: '15' }, /duration "15" has no unit; write 15s for seconds/],
    [{ presign: '8d' }, /must be from 1s to 1w/],
    [{ presign: '999ms' }, /must be from 1s to 1w/],
    [{ external_id: 'e' }, /"external_id" needs "role_arn"/],
    [{ strip_path: 'maybe' }, /expected true or false/],
    [{ path: 'a' }, /path/],
    [{ region_set: '' }, /is empty/],
    [{ hots: 'a' }, /hots/],
  ];
  for (const [route, message] of cases)
    assert.throws(
      () => parseRoutes({ routes: [route] }, 'routes.yml'),
      (error) => error instanceof ConfigError && message.test(error.message),
      JSON.stringify(route),
    );
  assert.throws(() => parseRoutes({ routes: [] }, 'routes.yml'), ConfigError);
});
