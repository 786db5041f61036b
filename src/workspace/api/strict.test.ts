/**
 * `amperage workspace --strict` and its faults as a sender sees them: HTTP requests to the parts
 * that the command is made of.
 */
import assert from 'node:assert/strict';
import { refuseUnsigned } from './authorize.ts';
import { test, type TestContext } from 'node:test';
import { signRequest } from '../../aws/signing.ts';
import { systemClock } from '../../kernel/clock.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { HttpServer } from '../../kernel/http-server.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { encodeLabels } from '../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../wire/remote-write/encoder.ts';
import { compress } from '../../wire/snappy.ts';
import { Store, STORE_DEFAULTS, type StoreOptions } from '../storage/store.ts';
import { type InjectedFault, Faults, parseFault } from './faults.ts';
import { resolveLimits, RequestGate } from './limits.ts';
import { writeRoute } from './write.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';

const keys = { accessKeyId: 'AKIATEST', secretAccessKey: 'test' };
type Sample = readonly [labels: Record<string, string>, tMs: number, value: number];

async function setUp(
  context: TestContext,
  given: readonly string[],
  {
    faults = [],
    store: more = {},
  }: { faults?: InjectedFault[]; store?: Partial<StoreOptions> } = {},
) {
  const directory = temporaryFolder(context);
  const world = createWorld({ clock: systemClock, http: openHttp(context) });
  const store = new Store({ ...STORE_DEFAULTS, directory, ...more }, world);
  const all = new Faults(faults, 1);
  const server = new HttpServer({
    name: 'test',
    listen: '127.0.0.1:0',
    log: silentLogger,
    routes: [
      writeRoute({
        prefix: '',
        store,
        world,
        authorize: (request) =>
          refuseUnsigned(request, {
            world,
            region: 'us-east-1',
            lookup: () => Promise.resolve(keys),
          }),
        gate: new RequestGate(resolveLimits(false, given), systemClock),
        faults: all,
        takes2: false,
      }),
      all.route(),
    ],
  });
  await store.start();
  await server.start();
  context.after(async () => {
    await server.stop(100);
    await store.stop();
  });
  const url = `${server.url}/api/v1/remote_write`;
  const write = async (samples: readonly Sample[]): Promise<string> => {
    const encoder = new WriteRequestEncoder();
    for (const [labels, tMs, value] of samples)
      encoder.append(encodeLabels(makeLabelSet(labels)), tMs, value);
    const body = compress(encoder.bytes());
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
    const target = { region: 'us-east-1', service: 'aps' };
    const signed = signRequest({ method: 'POST', url, body, headers }, keys, target, Date.now());
    const limits = { timeoutMs: 5_000, bodyMaxBytes: 1e6, signal: new AbortController().signal };
    try {
      const answer = await world.http.send({
        method: 'POST',
        url,
        headers: signed,
        body,
        ...limits,
      });
      return `${answer.status} ${answer.body.toString().trim()}`;
    } catch {
      return 'cut off';
    }
  };
  return { write, store, url: server.url };
}

const now = Date.now();
const up = (value = 1, tMs = now): Sample => [{ __name__: 'up', job: 'a' }, tMs, value];

test('each limit refuses with the status and the message of AMP', async (context) => {
  const large = await setUp(context, ['request-bytes=200']);
  assert.match(
    await large.write(Array.from({ length: 30 }, (_, i) => up(i, now + i))),
    /^413 the request is too large/,
  );
  assert.equal(await large.write([up()]), '200 ');

  const slow = await setUp(context, ['samples-per-second=1', 'burst-samples=3']);
  assert.equal(await slow.write([up(1, now), up(2, now + 1)]), '200 ');
  assert.match(
    await slow.write([up(3, now + 2), up(4, now + 3)]),
    /^429 ingestion rate limit \(1\) exceeded while adding 2 samples/,
  );

  const store = {
    labelsMax: 3,
    labelBytesMax: 40,
    seriesPerMetricMax: 2,
    sampleAgeMaxMs: 3_600_000,
    outOfOrderWindowMs: 60_000,
  };
  const { write } = await setUp(context, [], { store });
  const many = { __name__: 'm', a: '1', b: '2', c: '3' };
  assert.match(await write([[many, now, 1]]), /^400 .*too many labels/);
  assert.match(
    await write([[{ __name__: 'm', a: 'x'.repeat(50) }, now, 1]]),
    /^400 .*label value too long/,
  );
  assert.match(
    await write([[{ __name__: 'm' }, now - 3_700_000, 1]]),
    /^400 greater_than_max_sample_age/,
  );
  assert.match(await write([[{ a: '1' }, now, 1]]), /^400 .*no metric name/);
  assert.equal(await write(['1', '2'].map((i) => [{ __name__: 'n', i }, now, 1] as const)), '200 ');
  assert.match(
    await write([[{ __name__: 'n', i: '3' }, now, 1]]),
    /^400 per-metric series limit of 2/,
  );
  assert.equal(await write([up(1), up(2, now - 30_000)]), '200 ');
  assert.match(await write([up(3, now - 90_000)]), /^400 .*(?:too-old|out-of-order)/);
  assert.match(await write([up(9)]), /^400 new-value-for-timestamp/);
});

test('of an HA pair the leader is stored without its replica label, the follower accepted and thrown away', async (context) => {
  const { write, store } = await setUp(context, ['ha-clusters=1'], {
    store: { stripsReplica: true },
  });
  const from = (replica: string, cluster = 'c', tMs = now): Sample => [
    { __name__: 'up', cluster, __replica__: replica },
    tMs,
    1,
  ];
  assert.equal(await write([from('a')]), '200 ');
  assert.equal(await write([from('b', 'c', now + 1)]), '202 ');
  assert.match(await write([from('a', 'other')]), /^429 too many HA clusters/);
  const found = store.select([], 0, now + 10);
  assert.deepEqual(
    found.map(({ labels }) => labels),
    [makeLabelSet({ __name__: 'up', cluster: 'c' })],
  );
});

test('faults strike their share, are set at run time from this machine, and can be taken back', async (context) => {
  const { write, url } = await setUp(context, [], {
    faults: [parseFault('503:0.5'), parseFault('429:1:7')],
  });
  const answers: string[] = [];
  for (let i = 0; i < 40; i++) answers.push((await write([up(i, now + i)])).slice(0, 3));
  const failing = answers.filter((answer) => answer === '503').length;
  assert.ok(failing > 10 && failing < 30, String(failing));
  assert.equal(answers.filter((answer) => answer === '429').length, 40 - failing);
  const put = (list: unknown) =>
    fetch(`${url}/_workspace/faults`, { method: 'PUT', body: JSON.stringify(list) });
  assert.equal((await put([{ kind: 'reset', share: 1 }])).status, 200);
  assert.equal(await write([up()]), 'cut off');
  await put([{ kind: 'half', share: 1 }]);
  assert.equal(await write([up()]), 'cut off');
  assert.equal((await put([{ kind: 'nonsense', share: 1 }])).status, 400);
  const byPage = await fetch(`${url}/_workspace/faults`, {
    method: 'POST',
    headers: { origin: 'http://evil.example' },
    body: '[]',
  });
  assert.equal(byPage.status, 403, 'not by a web page of another origin');
  await fetch(`${url}/_workspace/faults`, { method: 'DELETE' });
  assert.equal(await write([up(1, now + 100)]), '200 ');
});

test('a flag that is not valid is refused with a message that says what is', () => {
  assert.throws(() => resolveLimits(true, ['nonsense=1']), ConfigError);
  assert.throws(() => parseFault('teapot'), /503:0\.1/);
  assert.equal(resolveLimits(true, ['series=5']).series, 5);
  assert.equal(resolveLimits(true, [])['sample-age-seconds'], 3_600);
});
