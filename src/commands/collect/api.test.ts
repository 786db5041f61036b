import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createWorld } from '../../../test/kit/world.ts';
import type { HttpRequest, HttpResponse } from '../../kernel/http-server.ts';
import type { ScrapeConfig } from '../../scrape/config.ts';
import type { ScrapeManager } from '../../scrape/manager.ts';
import { createApiRoutes } from './api.ts';
import type { TaskSources } from './task-sources.ts';

const labels = [
  { name: 'instance', value: 'web:80' },
  { name: 'job', value: 'a"b' },
];
const metadata = new Map([['up', { type: 'gauge', help: 'h', unit: '' }]]);

/** Answers with one target, whose job's name has a quotation mark. */
async function ask(
  path: string,
  query: Readonly<Record<string, string>>,
  targets: readonly unknown[] = [{ target: { labels }, metadata }],
): Promise<HttpResponse> {
  const scrape = {
    targets: () => targets,
    droppedTargets: () => new Map(),
  } as unknown as ScrapeManager;
  const routes = createApiRoutes({
    world: createWorld(),
    scrape,
    tasks: { statuses: [] } as unknown as TaskSources,
    receivers: () => [],
    configs: () => [{ id: 'a', relabelRules: [] } as unknown as ScrapeConfig],
    configText: () => Promise.resolve(''),
    reloadedAtMs: () => 0,
    isReloadGood: () => true,
    flags: {},
  });
  const route = routes.find((known) => known.path === `/api/v1/${path}` && known.method === 'GET');
  const request = { method: 'GET', path, query: new URLSearchParams(query).toString() };
  return await route!.handle(request as HttpRequest);
}

const countFound = async (selector: string): Promise<number> => {
  const { status, body } = await ask('targets/metadata', { match_target: selector });
  assert.equal(status, 200, String(body));
  return (JSON.parse(String(body)) as { data: unknown[] }).data.length;
};

test('match_target is a selector of PromQL, with the escapes of Go', async () => {
  for (const selector of [
    '{job="a\\x22b"}',
    '{job="a\\u0022b",}',
    '{job="a\\042b"}',
    "{job='a\"b'}",
    '{job=`a"b`}',
    '{instance=~"w.*", job!="x"}',
    '{"instance"="web:80"}',
    '',
  ])
    assert.equal(await countFound(selector), 1, selector);
  for (const selector of ['{job="b"}', '{job!~"a.b"}', 'up'])
    assert.equal(await countFound(selector), 0, selector);
});

test('a parameter that is none is refused with 400 and words', async () => {
  const refused: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ...['{a="\\x"}', '{a="\\q"}', '{a=~"("}', '{a=1}', '{', 'a{}b', '{a="', '\u0000', '5'].map(
      (selector) => ['targets/metadata', { match_target: selector }] as const,
    ),
    ...['null', '[1]', '5', '"a"', '{"a":{"b":1}}', '{"a":1}', '{"a":null}', '', '{'].map(
      (json) => ['targets/relabel_steps', { scrapePool: 'a', labels: json }] as const,
    ),
    // It would be compiled for seconds, in one turn of the event loop.
    ['targets/metadata', { match_target: `{a=~"(?i)${'[A-z\\pL]'.repeat(1_400)}"}` }],
    ['targets/relabel_steps', { labels: '{}' }],
    ['targets/metadata', { limit: 'x' }],
    ['metadata', { limit_per_metric: '1.5' }],
  ];
  for (const [path, query] of refused) {
    const { status, body } = await ask(path, query);
    const answer = JSON.parse(String(body)) as { errorType: string; error: string };
    assert.equal(status, 400, `${path} ${JSON.stringify(query)}: ${answer.error}`);
    assert.equal(answer.errorType, 'bad_data');
    assert.match(answer.error, /scrape pool|parameter|match_target/);
  }
});

test('the list of thousands of targets is made over many turns of the event loop', async () => {
  const target = { labels, discoveredLabels: labels, url: 'http://web:80/metrics', intervalMs: 1 };
  const targets = Array.from({ length: 1_000 }, () => ({
    job: 'a',
    last: undefined,
    target: { ...target, timeoutMs: 1 },
  }));
  let [turns, isDone, nowMs] = [0, false, 0];
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  // Each look at the clock is 20 ms later: each step is a turn of its own.
  mock.method(performance, 'now', () => (nowMs += 20));
  setImmediate(turn);
  const { body } = await ask('targets', {}, targets);
  isDone = true;
  mock.restoreAll();
  const { data } = JSON.parse(String(body)) as { data: { activeTargets: unknown[] } };
  assert.equal(data.activeTargets.length, 1_000);
  assert.ok(turns >= 1_000, `${turns} turns`);
});
