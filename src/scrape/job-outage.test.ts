import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';

test('targets that refuse for an hour are told at once, then in a sum a minute, and at the end', async () => {
  let isDown = true;
  const { clock, manager, lines } = await startRecordedManager({
    answer: ({ url }) => (isDown && !url.includes('good') ? 503 : 'a 1\n'),
  });
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1', 'h:2', 'h:3', 'good:1'));
  await clock.advance(9_000);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /level=warn msg="targets cannot be scraped" job=j down=1 .*status 503/,
  );
  await clock.advance(3_600_000);
  assert.ok(lines.length >= 58 && lines.length <= 62, `${lines.length} lines in an hour`);
  assert.match(lines.at(-1) ?? '', / down=3 /);
  isDown = false;
  const before = lines.length;
  await clock.advance(60_000);
  assert.equal(lines.length, before + 1);
  assert.match(lines.at(-1) ?? '', /level=info msg="no target fails any more" job=j /);
  await manager.stop(100);
});
