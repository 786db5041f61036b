/**
 * The traces of the web page in a real Chromium: the workspace's own routes and files over a small
 * X-Ray with what a test gives it, hostile documents among it. `AMPERAGE_SCREENSHOTS=<folder>`
 * keeps screenshots.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { ServiceClient } from '../../src/aws/service-client.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { HttpServer } from '../../src/kernel/http-server.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { queryRoutes } from '../../src/workspace/api/query.ts';
import { pageRoutes } from '../../src/workspace/page-files.ts';
import { Store, STORE_DEFAULTS } from '../../src/workspace/storage/store.ts';
import { makeTraceCalls } from '../../src/workspace/traces/trace-calls.ts';
import { createXrayApi } from '../../src/workspace/traces/xray-api.ts';
import { BAD_FILTER, type FakeXray, startFakeXray } from '../kit/fake-xray.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { listFaintTexts, listNamelessControls } from '../kit/page-checks.ts';
import { peer, skipUnlessPeer } from '../kit/peers.ts';
import { HOSTILE, idOf, makeOrder, makeServices, makeTrace, ORDER_ID } from '../kit/shop-traces.ts';
import { createWorld, openHttp } from '../kit/world.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

suite('traces on the page in Chromium', () => {
  const complaints: string[] = [];
  let browser: Browser | undefined;

  before(async () => {
    const executablePath = peer('chromium');
    if (executablePath === undefined) return;
    const script = path.join(ROOT, 'scripts/build-page.mjs');
    execFileSync(process.execPath, [script, '--if-changed'], { stdio: 'pipe' });
    const quiet = ['background-networking', 'component-update', 'sync', 'quic', 'gpu'];
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--no-first-run', ...quiet.map((word) => `--disable-${word}`)],
    });
  });
  after(() => browser?.close());

  interface Options {
    readonly hash?: string;
    readonly isDark?: boolean;
    readonly widthPx?: number;
    readonly isOff?: boolean;
    readonly prepare?: (xray: FakeXray) => void;
  }

  /** Opens the page over an X-Ray. Where Chromium is absent it skips the test. */
  async function open(
    context: TestContext,
    { hash = '', isDark = false, widthPx = 1440, isOff = false, prepare }: Options = {},
  ): Promise<{ page: Page; xray: FakeXray } | undefined> {
    if (skipUnlessPeer(context, 'chromium') === undefined) return undefined;
    const xray = await startFakeXray(context);
    xray.traces = [makeOrder(), ...Array.from({ length: 30 }, (_, i) => makeTrace(i))];
    xray.services = makeServices();
    prepare?.(xray);
    const world = createWorld({ clock: systemClock, http: openHttp(context) });
    const credentials = { accessKey: 'AKIATEST', secretKey: 'test' };
    const access = { service: 'xray', endpoint: xray.url, region: 'us-east-1', credentials };
    const client = new ServiceClient(access, world);
    const api = isOff ? undefined : createXrayApi(client, world.metrics);
    const server = new HttpServer({
      name: 'test',
      listen: '127.0.0.1:0',
      log: silentLogger,
      routes: [
        ...queryRoutes('', {
          store: new Store({ ...STORE_DEFAULTS, directory: temporaryFolder(context) }, world),
          world,
          version: '0',
          moreCalls: makeTraceCalls({ xray: api, nowMs: () => Date.now() }),
          authorize: () => Promise.resolve(undefined),
        }),
        ...pageRoutes(path.join(ROOT, 'build/page')),
      ],
    });
    await server.start();
    const page = await browser!.newPage({
      viewport: { width: widthPx, height: 900 },
      colorScheme: isDark ? 'dark' : 'light',
    });
    context.after(async () => {
      await page.close();
      await client.close();
      await server.stop(100);
    });
    page.setDefaultTimeout(15_000);
    complaints.length = 0;
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text());
    });
    await page.goto(`${server.url}/${hash}`);
    return { page, xray };
  }

  async function saveScreenshot(page: Page, name: string): Promise<void> {
    const folder = process.env['AMPERAGE_SCREENSHOTS'];
    if (folder === undefined) return;
    await page.locator('.traces').screenshot({ path: path.join(folder, name) });
  }

  const rowsOf = (page: Page) => page.locator('.trace-rows a');
  const items = (page: Page) => page.locator('[role=treeitem]');
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? '');

  test('the newest traces are listed with entry, state in words, duration and segments', async (context) => {
    const opened = await open(context);
    if (opened === undefined) return;
    const { page } = opened;
    await rowsOf(page).nth(30).waitFor();
    const first = (await rowsOf(page).first().textContent())!.replaceAll('\u202f', ' ');
    assert.match(first, /webapp POST \/orders at shop\.local500 fault, throttle, in progress/);
    assert.match(first, /500 ms2 segments$/);
    assert.match((await rowsOf(page).nth(1).textContent())!, /items\/29 at shop\.local200 ok/);
    await page.locator('.services tbody').nth(1).waitFor();
    await saveScreenshot(page, 'traces-list.png');
    assert.deepEqual(complaints, []);
  });

  test('a trace opens from the list, and its tree, details and way back work by keyboard', async (context) => {
    const opened = await open(context);
    if (opened === undefined) return;
    const { page } = opened;
    await rowsOf(page).first().focus();
    await page.keyboard.press('End');
    assert.match(await focused(page), /items\/0 at/);
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await items(page).nth(7).waitFor();
    assert.ok(page.url().endsWith(`#trace=${ORDER_ID}`));
    const names = await page.locator('.what').allTextContents();
    assert.deepEqual(
      names.map((name) => name.replace(/^▾/, '')),
      [
        'parent ffffffffffffffff did not come',
        'webappAWS::ECS::Fargatefault',
        'check cart',
        'payments.localremotefaultexception PaymentError: the bank does not answer',
        'paymentsfault',
        'DynamoDBawserrorthrottle',
        'auditin progress',
        'parent a00000000000000f did not come',
        'orphan',
      ],
    );
    await items(page).first().focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
    assert.match(await focused(page), /payments.local/);
    await page.keyboard.press('Enter');
    const told = page.locator('.told');
    await told.waitFor();
    const text = (await told.textContent())!.replaceAll('\u202f', ' ');
    assert.match(text, /begins at 50 ms · takes 400 ms/);
    assert.match(text, /PaymentError the bank does not answer in the service that was called/);
    assert.match(text, /pay \(pay.js:12\)\norder.js:40\n… 7 more/);
    assert.match(text, /request.urlhttp:\/\/payments.local\/pay/);
    await saveScreenshot(page, 'trace.png');
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.querySelectorAll('[role=treeitem]').length === 6);
    assert.match(await focused(page), /payments.local/);
    await page.keyboard.press('ArrowLeft');
    assert.match(await focused(page), /webapp/);
    await page.getByText('3 documents that cannot be read').click();
    assert.match((await page.locator('.broken').textContent())!, /OTLP in base64/);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('.panel.trace').waitFor({ state: 'detached' });
    assert.match(await focused(page), /\/orders at shop\.local/);
    await page.goBack();
    await items(page).first().waitFor();
    assert.deepEqual(complaints, []);
  });

  test('traces come first where no panel has data, and absurd durations keep to their column', async (context) => {
    for (const look of ['1440', '1440-dark', '375']) {
      const [widthPx, isDark] = [Number.parseInt(look, 10), look.endsWith('dark')];
      const opened = await open(context, {
        widthPx,
        isDark,
        hash: `#trace=${ORDER_ID}`,
        prepare: (xray) => {
          const absurd = [1e308, -5, -1e308].map((Duration, i) => makeTrace(50 + i, { Duration }));
          xray.traces = [...absurd, ...xray.traces];
        },
      });
      if (opened === undefined) return;
      const { page } = opened;
      await page.locator('main > .traces:first-child').waitFor();
      const widths = await page.evaluate(() =>
        [...document.querySelectorAll('.trace-rows a')].map((row) => {
          const duration = row.querySelector('.duration')!;
          const bar = row.querySelector<HTMLElement>('.track > span')!;
          return {
            text: duration.textContent.replaceAll('\u202f', ' '),
            isWithin: duration.scrollWidth <= duration.clientWidth,
            barShare: bar.offsetWidth / bar.parentElement!.offsetWidth,
          };
        }),
      );
      assert.deepEqual(
        widths.filter(({ isWithin }) => !isWithin),
        [],
      );
      const find = (text: string) => widths.find((one) => one.text === text)!.barShare;
      assert.equal(find('> 99999 h'), 1);
      assert.ok(find('−5 s') < 0.1);
      assert.ok(find('< −99999 h') < 0.1);
      assert.deepEqual(await page.evaluate(listFaintTexts), []);
      await items(page).nth(5).waitFor();
      await saveScreenshot(page, `traces-first-${look}.png`);
    }
  });

  test('a link opens its trace, also when X-Ray has it only later', async (context) => {
    const opened = await open(context, { hash: `#trace=${idOf(99)}` });
    if (opened === undefined) return;
    const { page, xray } = opened;
    const alert = page.locator('.panel.trace .error');
    await alert.waitFor();
    assert.match((await alert.textContent())!, /^X-Ray has no trace .* \(trying again\)$/);
    xray.traces = [makeTrace(99), ...xray.traces];
    await items(page).first().waitFor();
    assert.equal(await alert.count(), 0);
  });

  test('texts of traces that look like markup stay text', async (context) => {
    const trace = makeTrace(1, { EntryPoint: { Name: HOSTILE } });
    const document = {
      id: HOSTILE,
      name: HOSTILE,
      parent_id: HOSTILE,
      namespace: HOSTILE,
      start_time: 1,
      end_time: 2,
      fault: true,
      annotations: { [HOSTILE]: HOSTILE },
      metadata: { __proto__: { x: HOSTILE }, constructor: { a: HOSTILE } },
      cause: { exceptions: [{ type: HOSTILE, message: HOSTILE, stack: [{ path: HOSTILE }] }] },
    };
    const documents = [JSON.stringify(document), HOSTILE];
    const opened = await open(context, {
      hash: `#trace=${idOf(1)}`,
      prepare: (xray) => (xray.traces = [{ ...trace, documents }]),
    });
    if (opened === undefined) return;
    const { page } = opened;
    await items(page).first().click();
    await page.locator('.told dd').nth(1).waitFor();
    await page.locator('.services tbody').nth(1).waitFor();
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.title(), 'Amperage');
    assert.deepEqual(complaints, []);
  });

  test('a filter passes to X-Ray, and its words about a wrong one are shown', async (context) => {
    const opened = await open(context);
    if (opened === undefined) return;
    const { page, xray } = opened;
    const field = page.getByLabel('Filter expression of X-Ray');
    await field.fill('fault = true');
    await field.press('Enter');
    await page.waitForResponse((response) => response.url().includes('filter=fault'));
    assert.equal(
      xray.calls.findLast((call) => 'FilterExpression' in call.body)?.body['FilterExpression'],
      'fault = true',
    );
    await field.fill(BAD_FILTER);
    await field.press('Enter');
    const error = page.locator('.trace-list .error');
    await error.waitFor();
    assert.equal(
      await error.textContent(),
      'Invalid filter expression: unexpected end (older data below)',
    );
    await saveScreenshot(page, 'traces-error.png');
  });

  test('what is read stays where it is while new traces come', async (context) => {
    const opened = await open(context);
    if (opened === undefined) return;
    const { page, xray } = opened;
    await rowsOf(page).nth(30).waitFor();
    const target = rowsOf(page).filter({ hasText: 'items/12 at' });
    await target.focus();
    const topOf = () => target.evaluate((element) => element.getBoundingClientRect().top);
    const before = await topOf();
    const add = async (from: number, length: number): Promise<void> => {
      const more = Array.from({ length }, (_, i) => makeTrace(from + i));
      xray.traces = [...more, ...xray.traces];
      const last = rowsOf(page).filter({ hasText: `items/${from + length - 1} at` });
      await last.waitFor({ state: 'attached' });
    };
    await add(100, 15);
    assert.ok(Math.abs((await topOf()) - before) <= 1, `${before} ${await topOf()}`);
    // More have come than a list has: the row with the focus stays even so.
    await add(120, 50);
    assert.match(await focused(page), /items\/12 at/);
    assert.equal(await rowsOf(page).count(), 51);
  });

  test('five thousand subsegments stay usable', async (context) => {
    const startS = Date.now() / 1_000 - 100;
    const subsegment = (id: string, subsegments: unknown[] = []) => ({
      id,
      name: `call ${id}`,
      start_time: startS,
      end_time: startS + 1,
      subsegments,
    });
    const groups = Array.from({ length: 50 }, (_, group) =>
      subsegment(
        `g${group}`,
        Array.from({ length: 100 }, (__, i) => subsegment(`${group}.${i}`)),
      ),
    );
    const opened = await open(context, {
      hash: `#trace=${idOf(1)}`,
      prepare: (xray) => {
        const documents = [JSON.stringify(subsegment('top', groups))];
        xray.traces = [{ ...makeTrace(1), documents }];
      },
    });
    if (opened === undefined) return;
    const { page } = opened;
    await items(page).nth(50).waitFor();
    assert.equal(await items(page).count(), 51);
    const longest = await page.evaluate(async () => {
      const list = document.querySelectorAll<HTMLElement>('[role=treeitem]');
      let most = 0;
      for (const item of [...list].slice(1)) {
        const from = performance.now();
        item.focus();
        item.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        most = Math.max(most, performance.now() - from);
      }
      return most;
    });
    assert.equal(await items(page).count(), 1 + 50 + 5_000);
    context.diagnostic(`longest step with up to 5,051 rows: ${longest.toFixed(0)} ms`);
    assert.ok(longest < 5_000, `${longest} ms`);
  });

  test('states have words: loading, nothing there, X-Ray that fails, and no X-Ray', async (context) => {
    const empty = await open(context, {
      prepare: (xray) => {
        xray.traces = [];
        xray.services = [];
      },
    });
    if (empty === undefined) return;
    await empty.page.getByText('no traces in this range').waitFor();
    await empty.page.getByText('no services in this range').waitFor();
    await saveScreenshot(empty.page, 'traces-empty.png');
    const failing = await open(context, {
      prepare: (xray) => {
        xray.refusal = { path: '', status: 429, type: 'ThrottledException', message: 'slowly' };
      },
    });
    const error = failing!.page.locator('.trace-list .error');
    await error.waitFor();
    assert.match((await error.textContent())!, /is throttled: .*slowly \(trying again\)$/);
    failing!.xray.refusal = undefined;
    await rowsOf(failing!.page).first().waitFor();
    assert.equal(await error.count(), 0);
    const off = await open(context, { isOff: true });
    await off!.page.getByText('traces are off; start the workspace with --xray.endpoint').waitFor();
    assert.equal(await off!.page.locator('.traces .error').count(), 0);
    await saveScreenshot(off!.page, 'traces-off.png');
  });

  test('dark and narrow pages show a trace without a scroll to the side', async (context) => {
    for (const [isDark, widthPx] of [
      [true, 1440],
      [false, 375],
      [true, 375],
    ] as const) {
      const opened = await open(context, { hash: `#trace=${ORDER_ID}`, isDark, widthPx });
      if (opened === undefined) return;
      const { page } = opened;
      await items(page).nth(3).click();
      await page.locator('.told').waitFor();
      await rowsOf(page).nth(30).waitFor();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= widthPx, `${width} of ${widthPx}`);
      assert.deepEqual(await page.evaluate(listFaintTexts), []);
      assert.deepEqual(await page.evaluate(listNamelessControls), []);
      await saveScreenshot(page, `trace-${isDark ? 'dark' : 'light'}-${widthPx}.png`);
    }
  });
});
