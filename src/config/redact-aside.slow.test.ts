import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactions } from './redact-aside.ts';
import { redactConfig } from './redact.ts';

const job = (i: number): string =>
  `  - { job_name: j${i}, basic_auth: { username: u, password: secret-${i} } }\n`;
const long = `scrape_configs:\n${Array.from({ length: 500 }, (_, i) => job(i)).join('')}`;

test('a long configuration is redacted while the event loop runs, once for all who ask', async () => {
  const redactions = new Redactions();
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 1);
  const asked = redactions.redact(long);
  assert.equal(redactions.redact(long), asked);
  const shown = await asked;
  clearInterval(ticking);
  assert.equal(shown, await redactConfig(long));
  assert.doesNotMatch(shown, /secret-\d/);
  assert.ok(turns >= 3, `${turns} turns`);
});

test('another text is redacted anew', async () => {
  const redactions = new Redactions();
  const shown = async (password: string): Promise<string> =>
    redactions.redact(`scrape_configs: [{ job_name: ${password}, bearer_token: ${password} }]`);
  assert.match(await shown('a'), /job_name: a, bearer_token: <secret>/);
  assert.match(await shown('b'), /job_name: b, bearer_token: <secret>/);
});
