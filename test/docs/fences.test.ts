/**
 * Every fenced block of the pages is judged by what would read it (judges.ts), or says why none
 * can: a new block without a judge fails here. Lines of shells are run by shell.slow.test.ts, and
 * given to their commands by test/commands.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fence, listFences, listPagesWithExamples } from '../kit/fences.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { JUDGES } from './judges.ts';

const fences = listPagesWithExamples().flatMap(listFences);

/** Blocks of no language that is read here: how they begin, and why they need no judge. */
const UNJUDGED: Readonly<Record<string, string>> = {
  'README.md:  your task': 'a picture',
  'docs/what-it-says.md: 12:': 'a log, which test/e2e/story.test.ts makes',
};

/** Files of another program, and those that a page has with them: what tries them. */
const TRIED_ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/how-to/migrate.md: {\n  "agent"': 'test/migrate-page.slow.test.ts',
  'docs/how-to/migrate.md: scrape_configs:\n  - job_name: ecs': 'test/migrate-page.slow.test.ts',
};

/** Parts of a file, by how they begin: what makes a whole file of them. */
const COMPLETIONS: Readonly<Record<string, string>> = {
  'docs/otlp-export.md: extensions:': `
receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:4318' } } } }
service:
  extensions: [sigv4auth/monitoring, sigv4auth/xray]
  pipelines:
    metrics: { receivers: [otlp], exporters: [otlphttp/metrics] }
    traces: { receivers: [otlp], exporters: [otlphttp/traces] }
`,
  'docs/statsd.md: receivers:': `
exporters: { debug: {} }
service: { pipelines: { metrics: { receivers: [statsd], exporters: [debug] } } }
`,
};

const beginsWith = (beginning: string, { page, text }: Fence): boolean =>
  `${page}: ${text}`.startsWith(beginning);

test('each block is judged, or says why it cannot be', async (context) => {
  const folder = temporaryFolder(context);
  const used = new Set<string>();
  const find = (table: Readonly<Record<string, string>>, fence: Fence): string | undefined => {
    const key = Object.keys(table).find((beginning) => beginsWith(beginning, fence));
    if (key !== undefined) used.add(key);
    return key === undefined ? undefined : table[key];
  };
  const faults: string[] = [];
  for (const fence of fences) {
    if (find(TRIED_ELSEWHERE, fence) !== undefined) continue;
    const judge = JUDGES[fence.language];
    if (judge === undefined) {
      // What a shell prints is held against a run by shell.slow.test.ts.
      if (fence.language === 'console') continue;
      if (fence.language !== 'text' || find(UNJUDGED, fence) === undefined)
        faults.push(`${fence.where}: nothing judges "${fence.language}"`);
      continue;
    }
    const completion = find(COMPLETIONS, fence) ?? '';
    const found = await judge(fence, { folder, completion });
    faults.push(...found.map((fault) => `${fence.where}: ${fault}`));
  }
  assert.deepEqual(faults, []);
  const idle = [UNJUDGED, TRIED_ELSEWHERE, COMPLETIONS]
    .flatMap(Object.keys)
    .filter((key) => !used.has(key));
  assert.deepEqual(idle, [], 'no block begins so: take them out of the table');
  for (const language of ['json', 'sh', 'yaml'])
    assert.ok(
      fences.some((fence) => fence.language === language),
      language,
    );
});
