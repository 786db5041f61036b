/** Sampling rules and targets by the official SDK, on a clock of the test where time matters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateSamplingRuleCommand,
  DeleteSamplingRuleCommand,
  GetSamplingRulesCommand,
  GetSamplingStatisticSummariesCommand,
  GetSamplingTargetsCommand,
  UpdateSamplingRuleCommand,
} from '@aws-sdk/client-xray';
import { useEmulatedXray } from '../../../test/kit/emulated-xray.ts';
import { SamplingRules } from './sampling-rules.ts';
import { SamplingTargets } from './sampling-targets.ts';

const emulated = useEmulatedXray();

const RULE = {
  RuleName: 'polling',
  ResourceARN: '*',
  Priority: 5_000,
  FixedRate: 0.1,
  ReservoirSize: 3,
  ServiceName: 'shop',
  ServiceType: '*',
  Host: '*',
  HTTPMethod: 'GET',
  URLPath: '/poll/*',
  Version: 1,
};
const REPORT = {
  RuleName: 'polling',
  ClientID: 'ABCDEF1234567890ABCDEF10',
  RequestCount: 110,
  SampledCount: 20,
  BorrowCount: 10,
};
const wrong = { name: 'InvalidRequestException' };

async function names(): Promise<readonly (string | undefined)[]> {
  const { SamplingRuleRecords: records = [] } = await emulated.xray.send(
    new GetSamplingRulesCommand({}),
  );
  return records.map(({ SamplingRule: rule }) => rule?.RuleName);
}

test('the rule Default is always there, and only its rate and reservoir change', async () => {
  const { SamplingRuleRecords: [record] = [] } = await emulated.xray.send(
    new GetSamplingRulesCommand({}),
  );
  const { RuleName, Priority, FixedRate, ReservoirSize } = record?.SamplingRule ?? {};
  assert.deepEqual([RuleName, Priority, FixedRate, ReservoirSize], ['Default', 10_000, 0.05, 1]);
  const update = (change: object) =>
    emulated.xray.send(
      new UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName, ...change } }),
    );
  const { SamplingRuleRecord: changed } = await update({ FixedRate: 1 });
  assert.deepEqual([changed?.SamplingRule?.FixedRate, changed?.SamplingRule?.Host], [1, '*']);
  await assert.rejects(update({ Host: 'a' }), { ...wrong, message: /Host of the rule Default/ });
  await assert.rejects(emulated.xray.send(new DeleteSamplingRuleCommand({ RuleName })), wrong);
});

test('rules are made, changed and deleted, within the limits of the model', async () => {
  const create = (change: object = {}) =>
    emulated.xray.send(new CreateSamplingRuleCommand({ SamplingRule: { ...RULE, ...change } }));
  const { SamplingRuleRecord: made } = await create();
  assert.deepEqual(await names(), ['Default', 'polling']);
  assert.match(made?.SamplingRule?.RuleARN ?? '', /^arn:aws:xray:us-east-1:\d+:sampling-rule\/polling$/);
  const RuleARN = made?.SamplingRule?.RuleARN;
  const update = { RuleARN, FixedRate: 0.5 };
  await emulated.xray.send(new UpdateSamplingRuleCommand({ SamplingRuleUpdate: update }));
  for (const change of [
    {},
    { RuleName: 'r'.repeat(33) },
    { RuleName: 'a', Priority: 10_000 },
    { RuleName: 'a', FixedRate: 1.1 },
    { RuleName: 'a', ReservoirSize: -1 },
    { RuleName: 'a', Version: 2 },
    { RuleName: 'a', Host: 'h'.repeat(65) },
    { RuleName: 'a', Attributes: Object.fromEntries('abcdef'.split('').map((key) => [key, 'v'])) },
  ])
    await assert.rejects(create(change), wrong, JSON.stringify(change));
  await assert.rejects(emulated.xray.send(new DeleteSamplingRuleCommand({ RuleName: 'none' })), wrong);
  await assert.rejects(emulated.xray.send(new DeleteSamplingRuleCommand({ RuleName: 'polling', RuleARN })), wrong);
  for (let index = 1; index < 25; index++) await create({ RuleName: `rule ${index}` });
  await assert.rejects(create({ RuleName: 'one more' }), { name: 'RuleLimitExceededException' });
  emulated.aws.cloud.trouble.set({ pageSizes: { GetSamplingRules: 10 } });
  const paged: unknown[] = [];
  let NextToken: string | undefined;
  do {
    const page = await emulated.xray.send(new GetSamplingRulesCommand({ NextToken }));
    assert.ok((page.SamplingRuleRecords?.length ?? 0) <= 10);
    paged.push(...(page.SamplingRuleRecords ?? []));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  assert.equal(paged.length, 26);
  emulated.aws.cloud.trouble.set({});
  for (let index = 1; index < 25; index++)
    await emulated.xray.send(new DeleteSamplingRuleCommand({ RuleName: `rule ${index}` }));
  assert.deepEqual(await names(), ['Default', 'polling']);
}); // prettier-ignore

test('a report gets a quota, and says what it could not use', async () => {
  const Timestamp = new Date();
  const before = await emulated.xray.send(
    new GetSamplingTargetsCommand({
      SamplingStatisticsDocuments: [
        { ...REPORT, Timestamp },
        { ...REPORT, RuleName: 'deleted', Timestamp },
        { ...REPORT, Timestamp: new Date(Date.now() - 3_600_000) },
      ],
    }),
  );
  const [target, ...others] = before.SamplingTargetDocuments ?? [];
  assert.deepEqual(others, []);
  assert.deepEqual(
    [target?.RuleName, target?.FixedRate, target?.ReservoirQuota, target?.Interval],
    ['polling', 0.5, 3, 10],
  );
  const leftMs = Number(target?.ReservoirQuotaTTL) - Date.now();
  assert.ok(leftMs > 290_000 && leftMs <= 300_000, `${leftMs}`);
  const refused = before.UnprocessedStatistics?.map(({ RuleName, ErrorCode }) => [RuleName, ErrorCode]);
  assert.deepEqual(refused, [['deleted', 'RuleDoesNotExist'], ['polling', 'StatisticsTooOld']]);
  const { SamplingRuleRecord: changed } = await emulated.xray.send(
    new UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: 'polling', FixedRate: 0.2 } }),
  );
  const SamplingStatisticsDocuments = [{ ...REPORT, Timestamp }];
  const next = await emulated.xray.send(new GetSamplingTargetsCommand({ SamplingStatisticsDocuments }));
  assert.deepEqual(next.LastRuleModification, changed?.ModifiedAt);
  const { SamplingStatisticSummaries: sums = [] } = await emulated.xray.send(
    new GetSamplingStatisticSummariesCommand({}),
  );
  assert.deepEqual(sums.map(({ RequestCount, BorrowCount }) => [RequestCount, BorrowCount]), [[220, 20]]);
  const many = Array.from({ length: 26 }, () => ({ ...REPORT, Timestamp }));
  for (const documents of [many, [{ ...REPORT, Timestamp, ClientID: 'short' }], [{ ...REPORT, Timestamp, RequestCount: -1 }]])
    await assert.rejects(
      emulated.xray.send(new GetSamplingTargetsCommand({ SamplingStatisticsDocuments: documents })),
      wrong,
    );
}); // prettier-ignore

interface Target {
  readonly ReservoirQuota: number;
  readonly SamplingBoost?: { readonly BoostRate: number; readonly BoostRateTTL: number };
}

/** The one target of a report at a time. */
function report(
  targets: SamplingTargets,
  client: number,
  nowSeconds: number,
  boosts: readonly object[] = [],
): Target {
  const ClientID = client.toString(16).padStart(24, '0');
  const { SamplingTargetDocuments: documents } = targets.report(
    {
      SamplingStatisticsDocuments: [{ ...REPORT, ClientID, Timestamp: nowSeconds }],
      SamplingBoostStatisticsDocuments: boosts,
    },
    nowSeconds,
  ) as { SamplingTargetDocuments: readonly Target[] };
  return documents[0]!;
}

test('a reservoir is divided among the clients that report, and none of it is lost', () => {
  const rules = new SamplingRules({ accountId: '000000000000', region: 'us-east-1' }, 0);
  rules.create({ ...RULE, ReservoirSize: 5 }, 0);
  const targets = new SamplingTargets(rules);
  for (const client of [1, 2, 3]) report(targets, client, 1_000);
  const quotas = [1, 2, 3].map((client) => report(targets, client, 1_010).ReservoirQuota);
  assert.deepEqual(quotas, [2, 2, 1]);
  assert.equal(report(targets, 3, 1_041).ReservoirQuota, 5, 'the others have gone');
});

test('anomalies bring a boost once in the window of its rule', () => {
  const rules = new SamplingRules({ accountId: '000000000000', region: 'us-east-1' }, 0);
  const SamplingRateBoost = { MaxRate: 0.9, CooldownWindowMinutes: 5 };
  rules.create({ ...RULE, SamplingRateBoost }, 0);
  const targets = new SamplingTargets(rules);
  const boost = (nowSeconds: number, AnomalyCount: number): object => ({
    RuleName: 'polling',
    ServiceName: 'shop',
    Timestamp: nowSeconds,
    AnomalyCount,
    TotalCount: 10,
    SampledAnomalyCount: 0,
  });
  const at = (seconds: number, anomalies: number) =>
    report(targets, 1, seconds, [boost(seconds, anomalies)]).SamplingBoost;
  assert.equal(at(1_000, 0), undefined);
  assert.deepEqual(at(1_010, 1), { BoostRate: 0.9, BoostRateTTL: 1_070 });
  assert.deepEqual(at(1_060, 0), { BoostRate: 0.9, BoostRateTTL: 1_070 });
  assert.equal(at(1_080, 1), undefined, 'it cools down');
  assert.deepEqual(at(1_310, 1), { BoostRate: 0.9, BoostRateTTL: 1_370 });
});
