/**
 * The sender suites' cases about a receiver's answers: retry, backoff, fallback, response, errors.
 * The assertions are our own, and stricter where those of the suites prove nothing: that what was
 * sent arrives, and how often it was sent.
 *
 * Two cases differ on purpose. A 400 and a 413 are not retried, but parts of the refused batch are
 * sent once more on their own, so that no more is lost than the receiver refuses; no request is
 * sent twice (docs/remote-write.md). A 401, 403 or 404 keeps the samples: there is one attempt at
 * once with fresh credentials, then one every half minute.
 *
 * Source: https://github.com/prometheus/compliance/tree/main/remotewrite/sender
 */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { HttpResponse } from '../../../src/kernel/http-server.ts';
import { MESSAGE_1, MESSAGE_2 } from '../../../src/sinks/remote-write/config.ts';
import { type Road, road, scrape, until } from '../../kit/remote-write-road.ts';

const T0 = 1_700_000_000_000;
const MESSAGES = { 1: MESSAGE_1, 2: MESSAGE_2 } as const;
const WRITTEN = { 'x-prometheus-remote-write-samples-written': '1' };
const OK: HttpResponse = { status: 204, headers: WRITTEN };

interface Played {
  readonly all: Road;
  /** Virtual time of each request, ms. */
  readonly atMs: number[];
  readonly versions: string[];
}

/** Runs a sink against these answers, one for each request; the last is repeated. */
async function play(
  context: TestContext,
  version: 1 | 2,
  answers: readonly HttpResponse[],
  names: readonly string[] = ['a'],
): Promise<Played> {
  const all = await road(context, { message: MESSAGES[version] });
  const atMs: number[] = [];
  const versions: string[] = [];
  all.receiver.answer = ({ headers }) => {
    atMs.push(all.clock.nowMs());
    versions.push(String(headers['x-prometheus-remote-write-version']));
    return answers[atMs.length - 1] ?? answers.at(-1)!;
  };
  scrape(all.sink.openAppender('target'), names, T0, 42);
  return { all, atMs, versions };
}

const delivered = ({ all }: Played): Promise<void> =>
  until(all, () => all.queue.pendingItems === 0, 50);

/** Lets this much virtual time pass in steps, with real I/O in between. */
async function pass({ all }: Played, ms: number): Promise<void> {
  const endMs = all.clock.nowMs() + ms;
  await until(all, () => all.clock.nowMs() >= endMs, 100);
}

function distinct({ all }: Played): number {
  return new Set(all.receiver.requests.map(({ body }) => body.toString('base64'))).size;
}

for (const version of [1, 2] as const) {
  const named = (name: string): string => `remote write ${version}.0: ${name}`;

  test(named('retry/no_retry_on_400 and Retries400'), async (context) => {
    const played = await play(
      context,
      version,
      [{ status: 400, body: 'bad' }],
      ['a', 'b', 'c', 'd'],
    );
    await delivered(played);
    await pass(played, 8_000);
    assert.equal(distinct(played), played.atMs.length, 'no request came twice');
    assert.ok(played.atMs.length <= 7, `${played.atMs.length} requests for four series`);
    assert.equal(played.all.receiver.kept.length, 0);
    assert.equal(played.all.metric('prometheus_remote_storage_samples_failed_total'), 4);
  });

  test(named('retry/no_retry_on_413'), async (context) => {
    const played = await play(context, version, [{ status: 413 }], ['a', 'b', 'c', 'd']);
    await delivered(played);
    await pass(played, 8_000);
    assert.equal(distinct(played), played.atMs.length, 'no request came twice');
    assert.equal(played.atMs.length, 7);
  });

  for (const status of [401, 403, 404])
    test(
      named(`retry/no_retry_on_${status}: few tries in eight seconds, ever further apart`),
      async (context) => {
        const failing: HttpResponse[] = Array.from({ length: 8 }, () => ({ status }));
        const played = await play(context, version, [...failing, OK]);
        await until(played.all, () => played.atMs.length > 0);
        await pass(played, 8_000);
        const tries = played.atMs.length;
        assert.ok(tries >= 3 && tries <= 7, `${tries} tries`);
        const waits = played.atMs.slice(1).map((at, index) => at - played.atMs[index]!);
        assert.ok(waits.at(-1)! > 1_000, waits.join());
        await delivered(played);
        assert.equal(played.all.receiver.kept.length, 1);
      },
    );

  for (const status of [429, 500, 502, 503, 504])
    test(named(`retry/retry_on_${status} and Retries500`), async (context) => {
      const played = await play(context, version, [{ status }, { status }, OK]);
      await delivered(played);
      assert.equal(played.atMs.length, 3);
      assert.equal(distinct(played), 1);
      assert.deepEqual(
        played.all.receiver.kept.map(({ value }) => value),
        [42],
      );
    });

  test(named('backoff: exponential, required, bounded, with jitter'), async (context) => {
    const failing: HttpResponse[] = Array.from({ length: 14 }, () => ({ status: 503 }));
    const played = await play(context, version, [...failing, OK]);
    await until(played.all, () => played.all.queue.pendingItems === 0, 5);
    const waits = played.atMs.slice(1).map((at, index) => at - played.atMs[index]!);
    assert.equal(waits.length, 14);
    // A wait is at least half of the full backoff; the test's clock adds steps of its own.
    waits.slice(0, 8).forEach((wait, index) => assert.ok(wait >= 15 * 2 ** index, `${wait}`));
    assert.ok(Math.max(...waits) < 6_000, `${Math.max(...waits)}`);
  });

  test(
    named('response: 200 and 204 are success, bodies of success are ignored'),
    async (context) => {
      for (const status of [200, 204]) {
        const body = status === 200 ? 'anything at all' : '';
        const played = await play(context, version, [{ status, body, headers: WRITTEN }]);
        await delivered(played);
        assert.equal(played.atMs.length, 1);
        assert.equal(played.all.receiver.kept.length, 1);
      }
    },
  );

  test(
    named('response: errors are logged word for word, also large ones up to 1 KB'),
    async (context) => {
      const words = "Error: Invalid label name '__invalid__'";
      const played = await play(context, version, [{ status: 400, body: words }]);
      await delivered(played);
      assert.ok(
        played.all.lines.some((line) => line.includes(words)),
        played.all.lines.join('\n'),
      );
      const large = await play(context, version, [
        { status: 400, body: 'details; '.repeat(3_000) },
      ]);
      await delivered(large);
      assert.ok(large.all.lines.every((line) => line.length < 2_000));
      assert.ok(large.all.lines.some((line) => line.includes('details; details;')));
    },
  );

  test(
    named('response/handle_partial_write_response: what was refused is counted apart'),
    async (context) => {
      const all = await road(context, { message: MESSAGES[version] });
      all.receiver.answer = ({ samples }) =>
        samples.some(({ series }) => series.includes('bad'))
          ? { status: 400, body: 'invalid label', headers: WRITTEN }
          : OK;
      scrape(all.sink.openAppender('target'), ['a', 'bad', 'c'], T0);
      await until(all, () => all.queue.pendingItems === 0);
      assert.equal(all.receiver.kept.length, 2);
      assert.equal(all.metric('prometheus_remote_storage_samples_failed_total'), 1);
    },
  );

  test(
    named('error_handling: the sender survives every kind of broken answer'),
    async (context) => {
      const kinds: ((socket: Socket) => void)[] = [
        (socket) => socket.destroy(),
        (socket) => socket.resetAndDestroy(),
        (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
        (socket) => void socket.end('this is no HTTP\r\n\r\n'),
        (socket) => void socket.end('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'),
        (socket) => void socket.end(),
        (socket) =>
          void socket.end(`HTTP/1.1 500 X\r\nContent-Length: 200000\r\n\r\n${'e'.repeat(200_000)}`),
        (socket) =>
          void socket.end(
            'HTTP/1.1 204 No Content\r\nX-Prometheus-Remote-Write-Samples-Written: 1\r\n\r\n',
          ),
      ];
      let requests = 0;
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => kinds[Math.min(requests++, kinds.length - 1)]!(socket));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      context.after(() => void server.close());
      const { port } = server.address() as { port: number };
      const all = await road(context, {
        message: MESSAGES[version],
        url: `http://127.0.0.1:${port}/write`,
      });
      scrape(all.sink.openAppender('target'), ['a'], T0);
      await until(all, () => all.queue.pendingItems === 0, 100);
      assert.equal(requests, kinds.length);
      assert.equal(all.metric('prometheus_remote_storage_samples_total'), 1);
    },
  );

  test(
    named('error_handling: refused connections and unknown names are tried again'),
    async (context) => {
      for (const url of ['http://127.0.0.1:1/write', 'http://no-such-host.invalid/write']) {
        const all = await road(context, { message: MESSAGES[version], url });
        scrape(all.sink.openAppender('target'), ['a'], T0);
        await until(all, () => all.lines.some((line) => line.includes('tried again')), 50);
        assert.equal(all.queue.pendingItems, 1);
      }
    },
  );
}

test('fallback: after a 415 to 2.0 the sender uses 1.0, says so in its headers, and remembers it', async (context) => {
  const played = await play(context, 2, [{ status: 415, body: 'use 1.0' }, OK]);
  await delivered(played);
  assert.deepEqual(played.versions, ['2.0.0', '0.1.0']);
  const [first, second] = played.all.receiver.requests;
  assert.notEqual(first!.headers['content-type'], second!.headers['content-type']);
  assert.equal(second!.headers['content-type'], 'application/x-protobuf');
  assert.equal(played.all.receiver.kept.length, 1);
  scrape(played.all.sink.openAppender('target'), ['a'], T0 + 1);
  await delivered(played);
  assert.deepEqual(played.versions, ['2.0.0', '0.1.0', '0.1.0']);
  assert.ok(played.all.lines.some((line) => line.includes('does not take remote write 2.0')));
});

test('fallback: a receiver that answers 2.0 with 2xx but not what it wrote is taken to have read nothing', async (context) => {
  const played = await play(context, 2, [{ status: 200 }, OK]);
  await delivered(played);
  assert.deepEqual(played.versions, ['2.0.0', '0.1.0']);
});

test('fallback/NoFallbackOn2xx: a low count of written samples is reported, and changes nothing', async (context) => {
  const played = await play(context, 2, [OK], ['a', 'b', 'c']);
  await delivered(played);
  scrape(played.all.sink.openAppender('target'), ['a'], T0 + 1);
  await delivered(played);
  assert.deepEqual(played.versions, ['2.0.0', '2.0.0']);
  assert.equal(played.all.metric('prometheus_remote_storage_samples_unconfirmed_total'), 2);
  assert.equal(played.all.receiver.kept.length, 4);
});

test('1.0 is never left for another version, whatever the answer', async (context) => {
  const played = await play(context, 1, [{ status: 415 }, OK]);
  await delivered(played);
  assert.deepEqual(played.versions, ['0.1.0', '0.1.0']);
});
