/**
 * Runs promtool, the checker that users have, over every exposition that the exporter makes of the
 * known task shapes.
 */
import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipUnlessPeer } from '../kit/peers.ts';

const GOLDEN = join(import.meta.dirname, '../golden/exporter');
/** Profiles with the names of other exporters, which dashboards use. */
const OLDER = /\.(adot|adot_units|ecs_prometheus_exporter|profiles)\.txt$/;
const KNOWN_REMARKS = /"_total" suffix|'snake_case' not 'camelCase'/;

test('promtool accepts every golden exposition, and complains only about the spelling of older names', (context) => {
  const found = skipUnlessPeer(context, 'promtool');
  if (found === undefined) return;
  const files = readdirSync(GOLDEN).filter((file) => file.endsWith('.txt'));
  assert.ok(files.length > 20);
  for (const file of files) {
    const input = readFileSync(join(GOLDEN, file), 'utf8');
    const ran: SpawnSyncReturns<string> = spawnSync(found.promtool, ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    const remarks = ran.stderr.split('\n').filter((line: string) => line !== '');
    if (OLDER.test(file))
      assert.deepEqual(
        remarks.filter((line: string) => !KNOWN_REMARKS.test(line)),
        [],
        file,
      );
    else assert.equal(`${ran.status} ${remarks.join()}`, '0 ', file);
  }
});
