/** What docs/how-to/grafana.md tells to import the dashboards does so, as its lines stand. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readDashboards } from '../kit/dashboards.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { MAIN } from '../kit/processes.ts';

const PAGE = path.resolve(import.meta.dirname, '../../docs/how-to/grafana.md');
const execute = promisify(execFile);

test('the lines of docs/how-to/grafana.md import them by the API of Grafana', async (context) => {
  const page = readFileSync(PAGE, 'utf8');
  const lines = /```sh\n(grafana=[^]*?)```/.exec(page)?.[1] ?? '';
  const taken: { overwrite: boolean; dashboard: { uid: string } }[] = [];
  const { url } = await serve(context, (request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      const { authorization, 'content-type': type } = request.headers;
      const isRight = request.url === '/api/dashboards/db' && request.method === 'POST';
      response.statusCode = isRight && authorization === 'Bearer glsa_EXAMPLE' ? 200 : 400;
      assert.equal(type, 'application/json');
      taken.push(JSON.parse(body) as (typeof taken)[0]);
      response.end('{}');
    });
  });
  const folder = temporaryFolder(context);
  const script = `amperage() { "${process.execPath}" "${MAIN}" "$@"; }\n${lines}`;
  await execute('bash', ['-euc', script.replace(/https:\S+amazonaws\.com/, url)], { cwd: folder });
  assert.deepEqual(
    taken.map(({ overwrite, dashboard }) => [overwrite, dashboard.uid]),
    [...readDashboards().values()].map(({ uid }) => [true, uid]),
  );
});
