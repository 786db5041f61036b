/** The rows of small configurations against promtool, so that they say what Prometheus does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CONFIGURATION_ROWS } from '../kit/configuration-rows.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { skipUnlessPeer } from '../kit/peers.ts';

function judge(promtool: string, file: string): 'taken' | 'refused' {
  const check = spawnSync(promtool, ['check', 'config', file], { timeout: 20_000 });
  return check.status === 0 ? 'taken' : 'refused';
}

test('promtool takes and refuses what the rows say', (context) => {
  const peers = skipUnlessPeer(context, 'promtool');
  if (peers === undefined) return;
  const file = path.join(temporaryFolder(context), 'c.yml');
  for (const { text, there } of CONFIGURATION_ROWS) {
    writeFileSync(file, `${text}\n`);
    assert.equal(judge(peers.promtool, file), there, text);
  }
});
