/**
 * Known means whole, as a property of every mechanism. For each call that a reading makes (calls
 * are recorded, not listed), each fault and each moment:
 * - A new process never publishes an incomplete list, except for what a denied optional call costs.
 * - A running one never publishes less than what can be known.
 * - The list is whole within two refreshes after the fault ends; after a denial, within the slow
 *   retry.
 * AMPERAGE_LONG=1 tries all kinds and extents, and pairs of faults. AMPERAGE_ONLY=text tries only
 * scenarios whose name contains the text.
 */
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { mechanisms } from '../../src/discovery/mechanisms.ts';
import { cases } from './whole/mechanisms.ts';

for (const { key } of mechanisms)
  test(`${key}: known means whole`, { skip: cases[key].pending }, (context) => {
    const worker = new Worker(new URL('whole/worker.ts', import.meta.url), { workerData: key });
    worker.on('message', (progress: string) => {
      if (process.env['AMPERAGE_LONG'] === '1') process.stderr.write(`${key}: ${progress}\n`);
      context.diagnostic(progress);
    });
    return new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', resolve);
    });
  });
