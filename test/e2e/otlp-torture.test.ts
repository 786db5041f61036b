/** A short run of otlp-torture.ts; `npm run torture:otlp` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tortureOtlp } from './otlp-torture.ts';

for (const protocol of ['http', 'grpc'] as const)
  test(`what was committed arrives over ${protocol}, whatever happens to process and receiver`, async (context) => {
    const result = await tortureOtlp(8, protocol);
    context.diagnostic(JSON.stringify(result));
    assert.ok(result.kills >= 1);
    assert.ok(result.committed > 100, String(result.committed));
    assert.equal(result.lost, 0);
    // Of gRPC, answers may be on their way when another call ends their connection.
    const excusedMax = protocol === 'grpc' ? result.committed / 50 : 0;
    assert.ok(result.repeatedForNothing <= excusedMax, String(result.repeatedForNothing));
  });
