import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientRequest, ClientResponse, HttpClient } from '../kernel/http-client.ts';
import { JobClient } from './job-client.ts';

const REQUEST: ClientRequest = {
  method: 'GET',
  url: 'http://h/',
  timeoutMs: 1,
  bodyMaxBytes: 1,
  signal: new AbortController().signal,
};

/** A client that answers when the test says so, and fails open requests when it is closed. */
function setUp(name: string, log: string[]) {
  const waiting: { resolve: (answer: ClientResponse) => void; reject: (error: Error) => void }[] =
    [];
  const client: HttpClient = {
    send: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    close: async () => {
      log.push(`${name} closed`);
      for (const one of waiting) one.reject(new Error(`${name} was closed`));
    },
  };
  const answer = (): void =>
    waiting.shift()?.resolve({ status: 200, headers: {}, body: Buffer.from(name) });
  return { client, answer };
}

test('a request under way ends on the client it began with, which is closed after the last one', async () => {
  const log: string[] = [];
  const [old, next] = [setUp('old', log), setUp('next', log)];
  const http = new JobClient(old.client);
  const before = [http.send(REQUEST), http.send(REQUEST)];
  http.replace(next.client);
  const after = http.send(REQUEST);
  old.answer();
  assert.equal((await before[0])?.body.toString(), 'old');
  assert.deepEqual(log, []);
  old.answer();
  assert.equal((await before[1])?.body.toString(), 'old');
  assert.deepEqual(log, ['old closed']);
  next.answer();
  assert.equal((await after).body.toString(), 'next');
  await http.close();
  assert.deepEqual(log, ['old closed', 'next closed']);
});

test('a client that nobody uses is closed as soon as it is replaced', () => {
  const log: string[] = [];
  const http = new JobClient(setUp('old', log).client);
  http.replace(setUp('next', log).client);
  assert.deepEqual(log, ['old closed']);
});

test('closing gives up what is under way, on a client that was replaced too', async () => {
  const log: string[] = [];
  const http = new JobClient(setUp('old', log).client);
  const [first] = [http.send(REQUEST)];
  http.replace(setUp('next', log).client);
  const second = http.send(REQUEST);
  const ends = Promise.allSettled([first, second]);
  await http.close();
  assert.deepEqual(
    (await ends).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});
