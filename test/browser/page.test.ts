/**
 * The web page in a real Chromium, against a server with deterministic answers below a prefix,
 * under the content security policy that the page is made for. Drawn data is read from the tables
 * beside the charts, never from pixels. `AMPERAGE_SCREENSHOTS=<folder>` keeps screenshots of both
 * themes.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { PANELS } from '../../src/page/panels.ts';
import { listFaintTexts, listNamelessControls } from '../kit/page-checks.ts';
import { peer, skipUnlessPeer } from '../kit/peers.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PREFIX = '/workspaces/ws-1/';
const HOSTILE = '<img src=x onerror="document.title=1">';
const TYPES: Record<string, string> = {
  'index.html': 'text/html; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'main.js': 'text/javascript',
  'main.css': 'text/css',
};

const CLOUDWATCH_OFF = 'metrics of CloudWatch are off; start the workspace with --cloudwatch';

type Mode = 'data' | 'empty' | 'error' | 'without CloudWatch';
let mode: Mode = 'data';

/** The server's answer to an expression: label sets, each with its value at a time. */
function answerQuery(
  query: string,
): { metric: Record<string, string>; at: (t: number) => number }[] {
  const wave = (t: number, period: number) => Math.sin((t % period) / (period / 6.283));
  if (query.includes('container_name')) {
    const bytes = query.includes('memory');
    return ['webapp', 'aws-otel-collector', HOSTILE].map((name, place) => ({
      metric: { container_name: name },
      at: (t) =>
        bytes
          ? (place + 1) * 48 * 2 ** 20 + (t % 300) * 2 ** 14
          : 9 + place * 11 + 4 * wave(t, 120 + place * 40),
    }));
  }
  const bound = /le=~"(\d+)/.exec(query)?.[1];
  if (bound !== undefined) return [{ metric: {}, at: () => 40 + Number(bound) / 100 }];
  if (query.includes('milliseconds_sum'))
    return [{ metric: {}, at: (t) => 420 + 60 * wave(t, 90) }];
  if (query.includes('http_requests_total')) return [{ metric: {}, at: () => 12.5 }];
  return [{ metric: { __name__: 'up', job: 'ecs' }, at: () => 1 }];
}

function queryRange(url: URL): { status: number; body: unknown } {
  const query = url.searchParams.get('query') ?? '';
  if (mode === 'error' || query === 'sum(') {
    const error = 'invalid parameter "query": 1:5: parse error';
    return { status: 400, body: { status: 'error', errorType: 'bad_data', error } };
  }
  const [start, end, step] = ['start', 'end', 'step'].map((key) =>
    Number(url.searchParams.get(key)),
  );
  const times: number[] = [];
  for (let t = start!; t <= end!; t += step!) times.push(t);
  const result = (mode === 'empty' ? [] : answerQuery(query)).map(({ metric, at }) => ({
    metric,
    values: times.map((t) => [t, String(at(t))]),
  }));
  return { status: 200, body: { status: 'success', data: { resultType: 'matrix', result } } };
}

/** Two tasks: each has 30 in each minute. */
function answerSums(url: URL): { status: number; body: unknown } {
  if (mode === 'without CloudWatch')
    return {
      status: 404,
      body: { status: 'error', errorType: 'not_found', error: CLOUDWATCH_OFF },
    };
  const [startS, endS] = ['start', 'end'].map((key) => Number(url.searchParams.get(key)));
  const points: [number, number][] = [];
  for (let t = startS!; t < endS!; t += 60) points.push([t, 30]);
  const series = mode === 'empty' ? [] : [{ points }, { points }];
  const warnings = ['results truncated due to limit'];
  return { status: 200, body: { status: 'success', data: { periodS: 60, series }, warnings } };
}

/** One value for each expression. */
function answerInstant(url: URL): { status: number; body: unknown } {
  const at = Number(url.searchParams.get('time'));
  const result = mode === 'empty' ? [] : [{ metric: {}, value: [at, '363.25'] }];
  return { status: 200, body: { status: 'success', data: { resultType: 'vector', result } } };
}

const CALLS: Readonly<Record<string, (url: URL) => { status: number; body: unknown }>> = {
  query: answerInstant,
  query_range: queryRange,
  'cloudwatch/sums': answerSums,
};

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const name = url.pathname === PREFIX ? 'index.html' : url.pathname.slice(PREFIX.length);
  const call = CALLS[url.pathname.slice(`${PREFIX}api/v1/`.length)];
  if (call !== undefined && url.pathname.startsWith(`${PREFIX}api/v1/`)) {
    const { status, body } = call(url);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } else if (url.pathname.startsWith(PREFIX) && TYPES[name] !== undefined) {
    const headers = {
      'content-type': TYPES[name],
      'content-security-policy': "default-src 'self'",
    };
    response.writeHead(200, headers).end(await readFile(path.join(ROOT, 'build/page', name)));
  } else {
    response.writeHead(404).end();
  }
}

/** The table of a panel, header first. Opens the table if it is closed. */
async function readTable(page: Page, id: string): Promise<string[][]> {
  const panel = page.locator(`[data-panel="${id}"]`);
  const twin = panel.locator('details.twin');
  await twin.waitFor();
  if ((await twin.getAttribute('open')) === null) await twin.locator('summary').click();
  await twin.locator('tbody tr').first().waitFor();
  const rows = await twin
    .locator('tr')
    .evaluateAll((all) =>
      all.map((row) => [...(row as HTMLTableRowElement).cells].map((cell) => cell.textContent)),
    );
  return rows.map((row) => row.map((cell) => cell.replaceAll('\u202f', ' ')));
}

suite('the page in Chromium', () => {
  const server = createServer((request, response) => void serve(request, response));
  const complaints: string[] = [];
  let browser: Browser | undefined;
  let base = '';

  before(async () => {
    const executablePath = peer('chromium');
    if (executablePath === undefined) return;
    const script = path.join(ROOT, 'scripts/build-page.mjs');
    execFileSync(process.execPath, [script, '--if-changed'], { stdio: 'pipe' });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PREFIX}`;
    const quiet = ['background-networking', 'component-update', 'sync', 'quic', 'gpu'];
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--no-first-run', ...quiet.map((word) => `--disable-${word}`)],
    });
  });

  after(async () => {
    await browser?.close();
    server.closeAllConnections();
    server.close();
  });

  /**
   * Opens a fresh page in a state. Where Chromium is absent it skips the test and returns
   * undefined.
   */
  async function open(context: TestContext, next: Mode, dark = false): Promise<Page | undefined> {
    if (skipUnlessPeer(context, 'chromium') === undefined) return undefined;
    mode = next;
    const page = await browser!.newPage({
      viewport: { width: 1440, height: 1000 },
      colorScheme: dark ? 'dark' : 'light',
    });
    context.after(() => page.close());
    page.setDefaultTimeout(15_000);
    complaints.length = 0;
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(base.replace(PREFIX, ''))) complaints.push(request.url());
    });
    await page.goto(base);
    return page;
  }

  async function saveScreenshot(page: Page, name: string): Promise<void> {
    const folder = process.env['AMPERAGE_SCREENSHOTS'];
    if (folder === undefined) return;
    await page.screenshot({ path: path.join(folder, name), fullPage: true });
  }

  test('all five panels show the data they asked for, and the page contacts no other server', async (context) => {
    const page = await open(context, 'data');
    if (page === undefined) return;
    await page.locator('.panel .chart canvas').nth(4).waitFor();
    await saveScreenshot(page, 'page.png');

    const rate = await readTable(page, 'request-rate');
    assert.deepEqual(rate[0], ['Time', 'requests']);
    assert.equal(rate.length, 1 + 61);
    assert.ok(rate.slice(1).every((row) => row[1] === '12.5 /s'));
    const shares = await readTable(page, 'latency-share');
    assert.deepEqual(shares[0], ['Time', '≤ 500 ms', '≤ 1000 ms', '≤ 2500 ms', '≤ 5000 ms']);
    assert.deepEqual(shares[1]!.slice(1), ['45 %', '50 %', '65 %', '90 %']);
    const memory = await readTable(page, 'memory');
    assert.match(memory[1]![1]!, /^(4[89]|5[0-3])(\.\d)? MiB$/);
    assert.match((await readTable(page, 'mean-latency'))[1]![1]!, /^\d{3} ms$/);
    assert.equal((await readTable(page, 'cpu'))[0]!.length, 4);

    for (const { id, title, queries } of PANELS) {
      const panel = page.locator(`[data-panel="${id}"]`);
      assert.equal(await panel.locator('h2').textContent(), title);
      const shown = await panel.locator('.promql code').allTextContents();
      assert.deepEqual(
        shown,
        queries.map(({ query }) => query),
      );
    }
    const summary = page.locator('[data-panel="request-rate"] .unseen').first();
    assert.match((await summary.textContent())!, /last 5 minutes. requests: now 12.5.\/s, between/);
    assert.deepEqual(complaints, []);
  });

  test('the sums of CloudWatch stand beside what PromQL says of the same minutes, with both totals', async (context) => {
    const page = await open(context, 'data');
    if (page === undefined) return;
    const table = await readTable(page, 'cloudwatch');
    assert.deepEqual(table[0], ['Time', 'CloudWatch', 'PromQL']);
    assert.equal(table.length, 1 + 6);
    // Both tasks together; the minutes of PromQL end where those of CloudWatch begin.
    for (const [time, ...values] of table.slice(1)) {
      assert.match(time!, /:00$/);
      assert.deepEqual(values, ['60', '12.5']);
    }
    const panel = page.locator('[data-panel="cloudwatch"]');
    assert.equal(
      await panel.locator('.totals').textContent(),
      'In total: CloudWatch 360, PromQL 363',
    );
    assert.equal(await panel.locator('.note').textContent(), 'results truncated due to limit');
    await saveScreenshot(page, 'page-cloudwatch.png');
    assert.deepEqual(complaints, []);
  });

  test('without CloudWatch the page says how to switch it on; without values what they wait for', async (context) => {
    const off = await open(context, 'without CloudWatch');
    if (off === undefined) return;
    const note = off.locator('.cloudwatch .note');
    await note.waitFor();
    assert.equal(await note.textContent(), CLOUDWATCH_OFF);
    assert.equal(await off.locator('[data-panel="cloudwatch"]').count(), 0);
    await off.close();
    const empty = await open(context, 'empty');
    const text = empty!.locator('[data-panel="cloudwatch"] .empty');
    await text.getByText('once its counter has been scraped twice').waitFor();
    assert.equal(await empty!.locator('[data-panel="cloudwatch"] .totals').count(), 0);
  });

  test('a label value that looks like markup stays text', async (context) => {
    const page = await open(context, 'data');
    if (page === undefined) return;
    assert.equal((await readTable(page, 'cpu'))[0]![3], HOSTILE);
    assert.ok((await page.locator('.legend .label').allTextContents()).includes(HOSTILE));
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.title(), 'Amperage');
  });

  test('the range switch asks for a longer span, and works by keyboard', async (context) => {
    const page = await open(context, 'data');
    if (page === undefined) return;
    assert.equal((await readTable(page, 'request-rate')).length, 62);
    await page.getByRole('radio', { name: '5m', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(
      () => document.querySelectorAll('[data-panel="request-rate"] tbody tr').length === 181,
    );
    await page.locator('[data-panel="cpu"] .chart').focus();
    await page.keyboard.press('ArrowLeft');
    const readout = page.locator('[data-panel="cpu"] .body > [aria-live]');
    assert.match((await readout.textContent())!, /^\d\d:\d\d:\d\d: webapp [\d.]+.%, /);
  });

  test('the dark theme follows the system, and the switch is remembered', async (context) => {
    const page = await open(context, 'data', true);
    if (page === undefined) return;
    const ground = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await page.locator('.panel .chart canvas').nth(4).waitFor();
    const dark = await ground();
    await saveScreenshot(page, 'page-dark.png');
    await page.getByRole('radio', { name: 'light' }).check();
    const light = await ground();
    assert.notEqual(light, dark);
    await page.reload();
    await page.locator('.panel .chart canvas').nth(4).waitFor();
    assert.equal(await ground(), light);
    await page.getByRole('radio', { name: 'dark' }).check();
    assert.equal(await ground(), dark);
    assert.deepEqual(complaints, []);
  });

  test('all text has enough contrast and every control has a name, in both themes', async (context) => {
    for (const dark of [false, true]) {
      const page = await open(context, 'data', dark);
      if (page === undefined) return;
      await readTable(page, 'cpu');
      mode = 'error';
      await page.getByRole('radio', { name: '15m' }).check(); // The page sends its queries at once.
      await page.locator('[data-panel="cpu"] .error').waitFor();
      // Colours are compared only after all animations have ended.
      await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)));
      assert.deepEqual(await page.evaluate(listFaintTexts), []);
      assert.deepEqual(await page.evaluate(listNamelessControls), []);
      // Proves that the check can fail: a grey too close to both backgrounds is found.
      await page.evaluate(() =>
        document.documentElement.style.setProperty('--ink-soft', 'rgb(128 128 128 / 60%)'),
      );
      assert.notDeepEqual(await page.evaluate(listFaintTexts), []);
      await page.close();
    }
  });

  test('an error is announced in words, and no data is not an error', async (context) => {
    const failing = await open(context, 'error');
    if (failing === undefined) return;
    const alert = failing.locator('[data-panel="cpu"] [role=alert]');
    await alert.locator('.error').waitFor();
    assert.match((await alert.textContent())!, /^invalid parameter "query": 1:5: parse error$/);
    await failing.close();

    const empty = await open(context, 'empty');
    await empty!.getByText('no data yet').nth(4).waitFor();
    assert.equal(await empty!.locator('.error').count(), 0);
    await saveScreenshot(empty!, 'page-empty.png');
  });

  test('an expression that the user enters is drawn, and a wrong one explained', async (context) => {
    const page = await open(context, 'data');
    if (page === undefined) return;
    await page.getByLabel('PromQL expression').fill('up');
    await page.keyboard.press('Enter');
    const table = await readTable(page, 'explore');
    assert.deepEqual([table[0], table[1]![1]], [['Time', 'up{job="ecs"}'], '1']);
    await page.getByLabel('PromQL expression').fill('sum(');
    await page.getByRole('button', { name: 'Draw' }).click();
    await page.locator('[data-panel="explore"] .error').waitFor();
    await saveScreenshot(page, 'page-explore.png');
  });
});
