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
  const faults: [object, object, string][] = [
    [
      { Timestamp: undefined },
      {},
      "Value at 'telemetryRecords.1.member.timestamp' failed to satisfy constraint: " +
        'Member must not be null',
    ],
    [
      {},
      { EC2InstanceId: 'i'.repeat(21) },
      "Value at 'eC2InstanceId' failed to satisfy constraint: " +
        'Member must have length less than or equal to 20',
    ],
  ];
  for (const [change, rest, words] of faults)
    await assert.rejects(send(change, rest), {
      name: 'InvalidRequestException',
      message: `1 validation error detected: ${words}`,
    });
});

test('what breaks the model is told in the words of AWS, each fault by its place', () => {
  const client = { RuleName: 'a', ClientID: 'x', Timestamp: 0, RequestCount: 0, BorrowCount: 0 };
  const refuse = (input: object): string => {
    try {
      emulated.aws.account.xray.targets.report({ SamplingStatisticsDocuments: [input] }, 0);
    } catch (error) {
      return (error as Error).message;
    }
    return 'taken';
  };
  const at = (member: string): string =>
    `Value at 'samplingStatisticsDocuments.1.member.${member}' failed to satisfy constraint: `;
  assert.equal(
    refuse({ ...client, SampledCount: -1, RequestCount: 1.5, RuleName: '', More: 1 }),
    '5 validation errors detected: ' +
      [
        `${at('ruleName')}Member must have length greater than or equal to 1`,
        `${at('clientID')}Member must satisfy regular expression pattern: ^[\\dA-Fa-f]{24}$`,
        `${at('requestCount')}Member must be of type integer`,
        `${at('sampledCount')}Member must have value greater than or equal to 0`,
        `${at('more')}Member is not known`,
      ].join('; '),
  );
});

test('attributes of a rule are counted and measured', async () => {
  const attributes = Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`k${at}`, 'v']));
  const { rules } = emulated.aws.account.xray;
  const base = { RuleName: 'r', ResourceARN: '*', Priority: 1, FixedRate: 1, ReservoirSize: 0 };
  const any = { ServiceName: '*', ServiceType: '*', Host: '*', HTTPMethod: '*', URLPath: '*' };
  const create = (Attributes: object, Version = 1) =>
    rules.create({ ...base, ...any, Version, Attributes }, 0);
  assert.throws(
    () => create(attributes),
    /'attributes' failed to satisfy constraint: Member must have length less than or equal to 5$/,
  );
  assert.throws(() => create({ '': 'v' }), /'attributes' .*: Map keys must .* length greater/);
  assert.throws(() => create({}, 2), /'version' .*: Member must satisfy enum value set: \[1]$/);
});
