/** What goes wrong on command, what is kept at most, and what the admin side shows. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  GetGroupsCommand,
  GetTraceSummariesCommand,
  PutTraceSegmentsCommand,
  XRayClient,
} from '@aws-sdk/client-xray';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { signRequest } from '../../aws/signing.ts';
import { readStoredDocument } from './entity.ts';
import { TraceStore } from './store.ts';

let aws: EmulatedAws;
let xray: XRayClient;
before(async () => {
  aws = await startEmulatedAws();
  xray = makeClient();
});
after(async () => {
  xray.destroy();
  await aws.close();
});
afterEach(() => {
  aws.cloud.trouble.set({});
  aws.account.xray.clear();
});

function makeClient(change: object = {}): XRayClient {
  const { url: endpoint, credentials } = aws;
  return new XRayClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1, ...change });
}

const START = Math.floor(Date.now() / 1_000) - 10;

function makeSegment(index: number, sizeBytes = 0): Record<string, unknown> {
  const hex = index.toString(16);
  return {
    name: 'shop',
    id: hex.padStart(16, '0'),
    trace_id: `1-581cf771-${hex.padStart(24, '0')}`,
    start_time: START,
    end_time: START + 1,
    metadata: { fill: 'x'.repeat(sizeBytes) },
  };
}

async function put(from: number, count: number, client = xray): Promise<unknown[]> {
  const documents = Array.from({ length: count }, (_, index) => makeSegment(from + index));
  const answer = await client.send(
    new PutTraceSegmentsCommand({
      TraceSegmentDocuments: documents.map((document) => JSON.stringify(document)),
    }),
  );
  return answer.UnprocessedTraceSegments ?? [];
}

test('a share of the documents is unprocessed with a code, exactly over the calls', async () => {
  aws.cloud.trouble.set({
    faults: [
      {
        action: 'PutTraceSegments',
        how: 'partial',
        documents: 0.3,
        code: 'InternalFailure',
        count: 3,
      },
    ],
  });
  const first = (await put(0, 10)) as { Id: string; ErrorCode: string }[];
  assert.deepEqual(first.map(({ Id, ErrorCode }) => [Number.parseInt(Id, 16), ErrorCode]), [
    [3, 'InternalFailure'],
    [6, 'InternalFailure'],
    [9, 'InternalFailure'],
  ]);
  const counts = [(await put(10, 2)).length, (await put(12, 2)).length, (await put(14, 10)).length];
  assert.deepEqual(counts, [0, 1, 0], 'the fourth call is not struck');
  assert.equal(Object.keys(aws.account.xray.describe().traces).length, 20);
}); // prettier-ignore

test('partial is refused for calls that have no documents', () => {
  const set = (fault: object) => () => aws.cloud.trouble.set({ faults: [fault] });
  assert.throws(set({ how: 'partial', action: 'ListTasks' }), /PutTraceSegments/);
  assert.throws(set({ how: 'partial' }), /PutTraceSegments/);
});

test("AWS's own quota throttles by documents, in X-Ray's own words", async () => {
  aws.cloud.trouble.set({ throttle: 0.05 });
  await put(0, 50);
  await put(50, 50);
  await assert.rejects(put(100, 50), (error: Error & { $metadata: { httpStatusCode: number } }) => {
    assert.equal(error.name, 'ThrottledException');
    assert.equal(error.$metadata.httpStatusCode, 429);
    return true;
  });
  aws.cloud.trouble.set({ throttle: 0.01 });
  await put(0, 50);
  await assert.rejects(put(50, 50), { name: 'ThrottledException' });
  aws.cloud.trouble.set({ faults: [{ action: 'PutTraceSegments', count: 1 }] });
  await assert.rejects(put(0, 1), { name: 'ThrottledException' });
  aws.cloud.trouble.set({ faults: [{ action: 'PutTraceSegments', code: 'InternalFailure', status: 500 }] });
  await assert.rejects(put(0, 1), { name: 'InternalFailure' });
  aws.cloud.trouble.set({ only: ['GetTraceSummaries'] });
  await assert.rejects(put(0, 1), { name: 'AccessDeniedException' });
}); // prettier-ignore

test('resets, silence, half and malformed answers', async () => {
  for (const how of ['reset', 'half', 'malformed']) {
    aws.cloud.trouble.set({ faults: [{ action: 'PutTraceSegments', how, count: 1 }] });
    const answer = await put(0, 1).then(
      (unprocessed) => JSON.stringify(unprocessed),
      () => 'failed',
    );
    assert.equal(answer, how === 'malformed' ? '[]' : 'failed', how);
  }
  aws.cloud.trouble.set({ faults: [{ action: 'PutTraceSegments', how: 'hang' }] });
  const abort = new AbortController();
  const hanging = xray.send(new PutTraceSegmentsCommand({ TraceSegmentDocuments: ['x'] }), {
    abortSignal: abort.signal,
  });
  setTimeout(() => abort.abort(), 50);
  await assert.rejects(hanging);
});

test('a call that is not signed for X-Ray is refused', async () => {
  const credentials = { accessKeyId: aws.credentials.accessKeyId, secretAccessKey: 'wrong' };
  const stranger = makeClient({ credentials });
  await assert.rejects(put(0, 1, stranger), { name: 'InvalidSignatureException' });
  const unknown = makeClient({ credentials: { ...credentials, accessKeyId: 'AKIANOBODY' } });
  await assert.rejects(put(0, 1, unknown), { name: 'UnrecognizedClientException' });
  stranger.destroy();
  unknown.destroy();
  const response = await fetch(`${aws.url}/TraceSegments`, { method: 'POST', body: '{}' });
  assert.equal(response.status, 403);
  assert.equal(response.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException');
});

test('a call of X-Ray that is not there is refused by its name', async () => {
  await assert.rejects(xray.send(new GetGroupsCommand({})), {
    name: 'UnknownOperationException',
    message: /^GetGroups is not supported here; these are: PutTraceSegments,/,
  });
});

test('the oldest traces leave at a limit of traces or bytes, and are counted', () => {
  const store = new TraceStore();
  const dropped: string[] = [];
  store.onDrop = ({ id }) => void dropped.push(id);
  const add = (index: number, sizeBytes = 0): void => {
    const segment = makeSegment(index, sizeBytes);
    store.put(readStoredDocument(segment, JSON.stringify(segment)));
  };
  for (let index = 0; index < 20_003; index++) add(index);
  assert.equal(store.size, 20_000);
  assert.deepEqual(dropped.map((id) => Number.parseInt(id.slice(-8), 16)), [0, 1, 2]);
  const text = 'x'.repeat(60_000);
  for (let index = 30_000; index < 32_300; index++) add(index, text.length);
  assert.ok(store.sizeBytes <= 128 * 1024 * 1024, `${store.sizeBytes}`);
  assert.ok(store.sizeBytes > 127 * 1024 * 1024, `${store.sizeBytes}`);
  store.clear();
  assert.deepEqual([store.size, store.sizeBytes], [0, 0]);
}); // prettier-ignore

test('10,000 segments of 2 kB in a second do not hold a turn above 50 ms', async () => {
  await expectShortTurns(async () => {
    aws.account.xray.clear();
    const calls = Array.from({ length: 200 }, (_, call) =>
      Array.from({ length: 50 }, (_, index) =>
        JSON.stringify(makeSegment(call * 50 + index, 1_800)),
      ),
    );
    const sending = new Worker(SENDER, {
      eval: true,
      workerData: calls.map((TraceSegmentDocuments) => signPut({ TraceSegmentDocuments })),
    });
    const put = watchTurns();
    const [answers] = (await once(sending, 'message')) as [string[]];
    const longestMs = put.end();
    assert.deepEqual([...new Set(answers)], ['{"UnprocessedTraceSegments":[]}']);
    assert.equal(aws.account.xray.traces.size, 10_000);
    return longestMs;
  });
  const times = { StartTime: new Date((START - 1) * 1_000), EndTime: new Date((START + 1) * 1_000) };
  const FilterExpression = 'service("shop") AND fault';
  await expectShortTurns(async () => {
    const read = watchTurns();
    const [answer] = await Promise.all(
      Array.from({ length: 5 }, () =>
        xray.send(new GetTraceSummariesCommand({ ...times, FilterExpression })),
      ),
    );
    const longestMs = read.end();
    assert.equal(answer?.TracesProcessedCount, 10_000);
    assert.equal(answer?.TraceSummaries?.length, 0);
    return longestMs;
  });
}); // prettier-ignore

/** Garbage collection or cold code may lengthen a turn once, work that is too long each time. */
async function expectShortTurns(run: () => Promise<number>): Promise<void> {
  const longest: number[] = [];
  while (longest.length < 3 && (longest.at(-1) ?? Infinity) >= 50) longest.push(await run());
  assert.ok(Math.min(...longest) < 50, `turns took ${longest.join()} ms of CPU`);
}

/** Sends ten requests at once, on a thread of its own: its work is none of the emulator's. */
const SENDER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const answers = [];
  const send = async () => {
    for (let one = workerData.pop(); one !== undefined; one = workerData.pop())
      answers.push(await (await fetch(one.url, one)).text());
  };
  Promise.all(Array.from({ length: 10 }, send)).then(() => parentPort.postMessage(answers));
`;

function signPut(input: object): { url: string; method: string; headers: object; body: string } {
  const url = `${aws.url}/TraceSegments`;
  const request = { method: 'POST', url, headers: {}, body: JSON.stringify(input) };
  const scope = { region: 'us-east-1', service: 'xray' };
  return { ...request, headers: signRequest(request, aws.credentials, scope, Date.now()) };
}

/** The longest turn so far, in ms of CPU, so that other processes do not count. */
function watchTurns(): { end(): number } {
  let longestMs = 0;
  let isOver = false;
  let before = process.threadCpuUsage();
  const watch = (): void => {
    const { user, system } = process.threadCpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1_000);
    before = process.threadCpuUsage();
    if (!isOver) setImmediate(watch);
  };
  setImmediate(watch);
  return {
    end() {
      isOver = true;
      return longestMs;
    },
  };
}

test('the admin side shows what was received, and forgets it', async () => {
  await put(1, 2);
  await put(2, 2);
  const url = `${aws.url}/_emulator/xray`;
  const shown = (await (await fetch(url)).json()) as Record<string, unknown>;
  assert.deepEqual(shown['documents'], { stored: 3, repeated: 1 });
  assert.deepEqual(Object.keys(shown['traces'] as object).length, 3);
  const page = await (await fetch(`${aws.url}/metrics`)).text();
  assert.match(page, /emulator_xray_documents_total\{outcome="repeated"\} \d/);
  assert.match(page, /emulator_xray_traces 3/);
  assert.match(page, /emulator_calls_total\{action="PutTraceSegments",outcome="ok"\}/);
  assert.equal((await fetch(url, { method: 'DELETE' })).status, 204);
  assert.deepEqual(((await (await fetch(url)).json()) as { traces: object }).traces, {});
});
