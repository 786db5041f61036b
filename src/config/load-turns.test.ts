/** Long configurations are loaded while the event loop runs. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { loadConfigText } from './load.ts';

test('a configuration of thousands of targets is loaded over many turns of the event loop', async () => {
  const group = (i: number): string =>
    `      - targets: ['10.0.${i >> 8}.${i & 255}:9100']\n        labels: { env: prod }\n`;
  const groups = Array.from({ length: 2_000 }, (_, i) => group(i)).join('');
  const text =
    `scrape_configs:\n  - job_name: j\n    static_configs:\n${groups}` +
    'remote_write: [{ url: "http://127.0.0.1:9/w" }]\n';
  assert.ok((await countTurns(text)) >= 5);
});

test('a configuration of thousands of jobs is checked over many turns of the event loop', async () => {
  const job = (i: number): string =>
    `  - job_name: j${i}\n    static_configs: [{ targets: ['10.0.0.1:${i}'] }]\n`;
  const jobs = Array.from({ length: 2_000 }, (_, i) => job(i)).join('');
  mock.method(performance, 'now', stepClock());
  const turns = await countTurns(
    `scrape_configs:\n${jobs}remote_write: [{ url: "http://127.0.0.1:9/w" }]\n`,
  );
  mock.restoreAll();
  // 2,000 jobs resolved, 100 slices checked, 20 composed, 12 expanded, and the steps of the text.
  assert.ok(turns >= 2_220, `${turns} turns`);
});

/**
 * Each look at the clock is 20 ms later: each step is a turn of its own. It goes on from the real
 * time, by which the turn that is under way ends.
 */
function stepClock(): () => number {
  let nowMs = performance.now();
  return () => (nowMs += 20);
}

async function countTurns(text: string): Promise<number> {
  let [turns, isDone] = [0, false];
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const { plan } = await loadConfigText(text, 'prometheus.yml', { env: {} });
  isDone = true;
  assert.ok(plan.sources.length > 0);
  return turns;
}
