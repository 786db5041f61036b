/**
 * docs/http-api.md against the commands that it is about: what each serves is in its table, what
 * the table has is served, and each path is asked for. Parameters are those that the code reads.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { ROOT } from '../kit/fences.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS, freePort, MAIN, startProgram } from '../kit/processes.ts';

const page = readFileSync(path.join(ROOT, 'docs/http-api.md'), 'utf8');
const COMMON = 'every server';

interface Row {
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  readonly parameters: readonly string[];
}

function readRows(section: string): Row[] {
  const rows = [...section.matchAll(/^\| ([A-Z, ]+) \| (.*?) \| (.*?) ?\| .*\|$/gm)];
  const codes = (cell: string): string[] =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
  return rows.map(([, methods = '', paths = '', parameters = '']) => ({
    methods: methods.split(', '),
    paths: codes(paths),
    parameters: codes(parameters),
  }));
}

const tables = new Map<string, readonly Row[]>(
  page
    .split(/^## /m)
    .map((section, index) => [
      index === 0 ? COMMON : (/^`([\w-]+)`/.exec(section)?.[1] ?? ''),
      readRows(section),
    ]),
);
const common = tables.get(COMMON) ?? [];

/** `GET /a`, for each method and path of the rows. */
const listCalls = (rows: readonly Row[]): { method: string; at: string }[] =>
  rows.flatMap(({ methods, paths }) =>
    methods.flatMap((method) => paths.map((at) => ({ method, at }))),
  );

const folder = (context: TestContext): string[] => ['--storage.path', temporaryFolder(context)];
/** The flags of each command that make it serve all that it can. */
const COMMANDS: Readonly<Record<string, (context: TestContext) => Promise<string[]> | string[]>> = {
  collect: (context) => [
    '--config.file', path.join(ROOT, 'examples/laptop/prometheus.yml'), ...folder(context),
    '--web.enable-lifecycle', '--web.enable-remote-write-receiver',
  ],
  discover: () => ['--namespaces', 'none'],
  emulate: () => [],
  exporter: () => [],
  proxy: async () => ['--port', `127.0.0.1:${await freePort()}`, '--host', '127.0.0.1'],
  'sample-app': () => [],
  workspace: folder,
  xray: async (context) => {
    const at = `127.0.0.1:${await freePort()}`;
    return ['--region', 'us-east-1', '-b', at, '-t', at, ...folder(context)];
  },
}; // prettier-ignore
const ENV = {
  ...BARE_AWS,
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:9/v4/none',
  WORKSPACE_ACCESS_KEY: 'AKIAEXAMPLE',
  WORKSPACE_SECRET_KEY: 'example',
};
/** The workspace's are the same with and without this before them. */
const BELOW = /^\/workspaces\/(?:ws-local|\{id\})/;
/** Of the emulator, what AWS names and not we. */
const OF_AWS = (at: string): boolean =>
  !/^\/(?:-|_emulator|v2\/credentials|v4|latest|metrics$)/.test(at);

interface Served {
  readonly url: string;
  /** With the method: `GET /a`; one that ends with a star stands for all that begin so. */
  readonly routes: readonly string[];
}

async function start(context: TestContext, command: string): Promise<Served> {
  const port = await freePort();
  const file = path.join(temporaryFolder(context), 'routes');
  const reporter = path.join(import.meta.dirname, 'route-reporter.ts');
  const given = (await COMMANDS[command]?.(context)) ?? [];
  const { url } = await startProgram(
    context,
    process.execPath,
    ['--import', reporter, MAIN, command, '--web.listen-address', `127.0.0.1:${port}`, ...given],
    port,
    '/-/healthy',
    { ...ENV, ROUTES_FILE: file },
  );
  const servers = readFileSync(file, 'utf8').trim().split('\n');
  const own = servers.map((line) => JSON.parse(line) as Served).find((one) => one.url === url);
  assert.ok(own !== undefined, `${command} serves at ${url}`);
  return own;
}

const fits = (route: string, { method, at }: { method: string; at: string }): boolean => {
  const [verb = '', pattern = ''] = route.split(' ');
  const tried = at.replace(BELOW, '').replaceAll(/\{\w+\}/g, 'one');
  const known = pattern.replace(BELOW, '');
  if (verb !== 'ANY' && verb !== method) return false;
  return known.endsWith('*') ? tried.startsWith(known.slice(0, -1)) : tried === known;
};

for (const command of Object.keys(COMMANDS))
  test(
    `${command} serves what the page says, and nothing else`,
    { timeout: 240_000 },
    async (context) => {
      const rows = tables.get(command);
      assert.ok(rows !== undefined, `there is no section of ${command}`);
      const calls = listCalls([...common, ...rows]);
      const { url, routes } = await start(context, command);
      const named = routes.filter((route) => {
        const [verb = '', at = ''] = route.split(' ');
        // Answers to other methods and to paths that nothing serves.
        if (verb === 'ANY' && (at.endsWith('*') || routes.some((one) => one === `GET ${at}`)))
          return false;
        return command !== 'emulate' || !OF_AWS(at);
      });
      const untold = named.filter((route) => !calls.some((call) => fits(route, call)));
      assert.deepEqual(untold, [], 'served, and not on the page');
      // What is for other methods fits none here.
      const unserved = calls.filter((call) => !named.some((route) => fits(route, call)));
      assert.deepEqual(unserved, [], 'on the page, and not served');
      for (const { method, at } of calls) {
        const asked = at.replace('{id}', 'ws-local').replaceAll(/\{\w+\}/g, 'one');
        const { status } = await fetch(`${url}${asked}`, { method });
        assert.ok(status !== 405 && status !== 501, `${method} ${at}: ${status}`);
        // A task, key or trace that is not there, a part that is off, a request that is refused.
        if (!/\{|\/xray\/|\/cloudwatch\/|^\/refused$/.test(at))
          assert.notEqual(status, 404, `${method} ${at}`);
      }
    },
  );

test('parameters are those that the code reads', () => {
  const sources: Readonly<Record<string, readonly string[]>> = {
    collect: ['src/commands/collect/api.ts'],
    discover: ['src/commands/discover.ts'],
    workspace: globSync('src/workspace/{api,traces,cloudwatch}/*.ts', { cwd: ROOT }),
  };
  const reads =
    /(?:query|parameters)\.(?:get|getAll|has)\('([^']+)'|\((?:query|parameters), '([^']+)'/g;
  for (const [command, files] of Object.entries(sources)) {
    const read = files
      .filter((file) => !file.endsWith('.test.ts'))
      .flatMap((file) => [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(reads)])
      .map(([, one, other]) => one ?? other ?? '');
    const told = (tables.get(command) ?? []).flatMap(({ parameters }) => parameters);
    assert.deepEqual(new Set(told.toSorted()), new Set(read.toSorted()), command);
  }
});
