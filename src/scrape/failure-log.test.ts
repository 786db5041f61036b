import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';

test('each failed scrape is a line of JSON, also in a file that was deleted meanwhile', async (context) => {
  const file = join(temporaryFolder(context), 'failed.log');
  const { clock, manager } = await startRecordedManager({ answer: () => ({ status: 500 }) });
  await manager.apply([jobWith({ failureLogFile: file, params: { token: ['hush'] } })]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(2_000);
  const read = (): Record<string, string>[] =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
  const [first, ...others] = read();
  assert.deepEqual(others, []);
  assert.deepEqual(Object.keys(first ?? {}), ['time', 'level', 'msg', 'job_name', 'target']);
  assert.equal(first?.['level'], 'ERROR');
  assert.match(first?.['msg'] ?? '', /status 500/);
  assert.equal(first?.['job_name'], 'j');
  assert.equal(first?.['target'], 'http://h:1/metrics?…');
  rmSync(file);
  await clock.advance(20_000);
  assert.ok(read().length >= 1);
});

test('a file that can not be written is said once, and scraping goes on', async (context) => {
  const file = temporaryFolder(context);
  mkdirSync(join(file, 'x'));
  const { clock, lines, manager } = await startRecordedManager({
    answer: () => ({ status: 500 }),
  });
  await manager.apply([jobWith({ failureLogFile: file })]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(50_000);
  const said = lines.filter((line) => line.includes('failed scrapes are not written'));
  assert.equal(said.length, 1);
  assert.equal(manager.targets()[0]?.health, 'down');
});
