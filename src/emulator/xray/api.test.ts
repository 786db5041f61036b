/** Settings of X-Ray, telemetry, and calls that are wrong as a whole, by the official SDK. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BatchGetTracesCommand,
  GetIndexingRulesCommand,
  GetTraceSegmentDestinationCommand,
  PutTelemetryRecordsCommand,
} from '@aws-sdk/client-xray';
import { useEmulatedXray } from '../../../test/kit/emulated-xray.ts';

const emulated = useEmulatedXray();

test('settings of X-Ray answer plainly, and calls that are wrong as a whole are refused', async () => {
  const rules = await emulated.xray.send(new GetIndexingRulesCommand({}));
  assert.deepEqual(rules.IndexingRules?.map(({ Name }) => Name), ['Default']);
  const destination = await emulated.xray.send(new GetTraceSegmentDestinationCommand({}));
  assert.deepEqual([destination.Destination, destination.Status], ['XRay', 'ACTIVE']);
  const six = Array.from({ length: 6 }, (_, index) => `1-581cf771-${index}`);
  await assert.rejects(emulated.xray.send(new BatchGetTracesCommand({ TraceIds: six })), {
    name: 'InvalidRequestException',
  });
}); // prettier-ignore

test('telemetry is kept, and refused where it breaks the model', async () => {
  const send = (change: object, rest: object = {}) =>
    emulated.xray.send(
      new PutTelemetryRecordsCommand({
        TelemetryRecords: [
          {
            Timestamp: new Date(),
            SegmentsReceivedCount: 5,
            BackendConnectionErrors: { TimeoutCount: 2 },
            ...change,
          },
        ],
        ...rest,
      }),
    );
  await send({}, { Hostname: 'h', EC2InstanceId: 'i-1' });
  await send({ SegmentsSentCount: 3 });
  const { sums, records } = emulated.aws.account.xray.describe().telemetry;
  assert.deepEqual(sums, { SegmentsReceivedCount: 10, TimeoutCount: 4, SegmentsSentCount: 3 });
  assert.equal(records.length, 2);
  const wrong = { name: 'InvalidRequestException' };
  await assert.rejects(send({ Timestamp: undefined }), wrong);
  await assert.rejects(send({}, { EC2InstanceId: 'i'.repeat(21) }), wrong);
});
