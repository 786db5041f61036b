/**
 * Two hundred clients that send large bodies slowly and at one time, each below the limit of a
 * body: what a server holds stays within a multiple of the limit of all bodies, and a good request
 * is answered meanwhile.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Listener, startAll } from './listeners.ts';

const TIMEOUT_MS = 300_000;
/** The first good request, while all pour: it loads what sends requests, by the same threads. */
const ASK_AFTER_MS = 1_000;
/** What the server works until it answers: the bodies that pour meanwhile, and looks at memory. */
const ANSWER_WORK_MS = 5_000;
const CLIENTS = 200;
const BODY_BYTES = 16 * 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'a');
const EVERY_MS = 50;
const POUR_MS = 4_000;
/** On a busy machine it takes longer until there is no room: somebody is refused by then. */
const POUR_MAX_MS = 60_000;
/**
 * Of all bodies; as much again of those that are refused, which is garbage for a moment, and twice
 * that where a busy machine collects it later; and as much again of buffers that OTLP lends to
 * bodies that grow. Without a limit it would be 3 GB.
 */
const HELD_BYTES = 4 * 128 * 1024 * 1024 + 40e6;

interface Row {
  readonly path: string;
  readonly type: string;
  /** What is said to those for whose bodies there is no room; undefined where files take them. */
  readonly refusal: RegExp | undefined;
}

const PROTOBUF = 'application/x-protobuf';
const FULL = /^HTTP\/1\.1 503 [^]*retry-after: 1\r\n/i;
const ROWS: Readonly<Record<string, Row>> = {
  'OTLP over HTTP': { path: '/v1/metrics', type: PROTOBUF, refusal: FULL },
  workspace: {
    path: '/workspaces/ws-local/api/v1/query',
    type: 'application/x-www-form-urlencoded',
    refusal: FULL,
  },
  emulate: { path: '/', type: PROTOBUF, refusal: FULL },
  proxy: { path: '/a', type: PROTOBUF, refusal: undefined },
};

/** Sends pieces until the server ends the connection; gives what it has answered. */
function pour(context: TestContext, { port }: Listener, { path, type }: Row): () => string {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  let sent = 0;
  socket.on('error', () => undefined);
  socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n` +
      `x-amz-target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n` +
      `content-length: ${BODY_BYTES}\r\n\r\n`,
  );
  const timer = setInterval(() => {
    // What the server does not read does not become memory of ours.
    if (socket.writableLength > 0 || sent + PIECE.length >= BODY_BYTES) return;
    socket.write(PIECE);
    sent += PIECE.length;
  }, EVERY_MS);
  const end = (): void => {
    clearInterval(timer);
    socket.destroy();
  };
  socket.once('close', end);
  context.after(end);
  return () => answer;
}

async function attack(context: TestContext, listener: Listener, row: Row): Promise<void> {
  const { owner } = listener;
  const before = await owner.held();
  const answers = Array.from({ length: CLIENTS }, () => pour(context, listener, row));
  const answered = measureAnswer(listener);
  const countRefused = (): number =>
    answers.filter((answer) => row.refusal?.test(answer()) === true).length;
  let held = 0;
  const startMs = performance.now();
  const isPouring = (): boolean => {
    const pouredMs = performance.now() - startMs;
    if (pouredMs < POUR_MS) return true;
    return row.refusal !== undefined && countRefused() === 0 && pouredMs < POUR_MAX_MS;
  };
  while (isPouring()) {
    await sleep(200);
    held = Math.max(held, (await owner.held()) - before);
  }
  const workedMs = await answered;
  const refused = countRefused();
  context.diagnostic(
    `${(held / 1e6).toFixed(1)} MB held, ${refused} of ${CLIENTS} refused, ` +
      `answered after ${workedMs} ms of work`,
  );
  assert.ok(held < HELD_BYTES, `${(held / 1e6).toFixed(1)} MB are held`);
  assert.ok(workedMs < ANSWER_WORK_MS, `an answer takes ${workedMs} ms of work`);
  assert.ok(row.refusal === undefined || refused > 0, 'nobody is told to come later');
}

async function measureAnswer({ owner, port }: Listener): Promise<number> {
  await sleep(ASK_AFTER_MS);
  const before = owner.workedMs();
  await fetch(`http://127.0.0.1:${port}/-/healthy`).then((answer) => answer.arrayBuffer());
  return owner.workedMs() - before;
}

test(
  'large bodies at one time stay within the limit of all',
  { timeout: TIMEOUT_MS },
  async (context) => {
    const all = await startAll(context);
    for (const [name, row] of Object.entries(ROWS)) {
      const listener = all.find((one) => one.name === name);
      assert.ok(listener !== undefined, name);
      await context.test(name, (inner) => attack(inner, listener, row));
    }
  },
);
