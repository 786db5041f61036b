/** What is said of targets that go down and come up: gathered by job, the first few named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';
import { createWorld } from '../../test/kit/world.ts';
import { JobOutage } from './job-outage.ts';

const target = (number: number) => ({
  key: String(number),
  url: `http://user:secret@10.0.0.${number}/metrics`,
});

test('five targets go down: three are named, the others counted; and when all are up again', async () => {
  const world = createWorld();
  const gauge = world.metrics.gauge('down', '');
  const outage = new JobOutage(world, gauge);
  const fail = (): void => {
    for (let i = 1; i <= 5; i++) outage.failed('web', target(i), new Error('ECONNREFUSED'));
  };
  fail();
  assert.equal(gauge.value, 5);
  await world.clock.advance(60_000);
  fail();
  outage.worked('web', '1');
  outage.forget('2');
  assert.equal(gauge.value, 3);
  for (let i = 3; i <= 5; i++) outage.worked('web', String(i));
  assert.equal(gauge.value, 0);
  outage.failed('web', target(7), new Error('ECONNREFUSED'));
  outage.worked('web', '7');
  const lines = world.lines.map((line) => line.replace(/^time=\S+ /, ''));
  const named = [1, 2, 3].map((i) => `http://10.0.0.${i}/metrics`).join(', ');
  assert.deepEqual(lines, [
    'level=warn msg="targets cannot be scraped" job=web down=1 failures=1 ' +
      'targets=http://10.0.0.1/metrics error=ECONNREFUSED',
    'level=warn msg="targets cannot be scraped" job=web down=5 failures=6 ' +
      `targets="${named}, 2 more" error=ECONNREFUSED`,
    `level=info msg="no target fails any more" job=web targets="${named}" failures=10 ` +
      'after_ms=60000',
    'level=warn msg="targets cannot be scraped" job=web down=1 failures=1 ' +
      'targets=http://10.0.0.7/metrics error=ECONNREFUSED',
    'level=info msg="no target fails any more" job=web targets=http://10.0.0.7/metrics ' +
      'failures=1 after_ms=0',
  ]);
});

test('targets that refuse for an hour are told at once, then in a sum a minute, and at the end', async () => {
  let isDown = true;
  const { clock, manager, lines } = await startRecordedManager({
    answer: ({ url }) => (isDown && !url.includes('good') ? 503 : 'a 1\n'),
  });
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1', 'h:2', 'h:3', 'good:1'));
  await clock.advance(9_000);
  assert.match(lines[0] ?? '', /msg="targets cannot be scraped" job=j down=1 .*status 503/);
  assert.match(lines[1] ?? '', /level=info msg="targets are up" up=1 targets=4 jobs=1/);
  assert.equal(lines.length, 2);
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
