/** Traces through a collector whose plan changes: a plan that can't be applied changes nothing. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld } from '../../../test/kit/world.ts';
import { checkConfigText } from '../../config/load.ts';
import type { CollectorPlan } from '../../config/plan.ts';
import { CallLimits } from '../../discovery/call-limits.ts';
import { systemClock } from '../../kernel/clock.ts';
import { Collector } from './collector.ts';

async function makePlan(text: string): Promise<CollectorPlan> {
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  assert.ok(plan, JSON.stringify(findings));
  return plan;
}

async function findPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

async function send(port: number, document: string): Promise<void> {
  const socket = createSocket('udp4');
  const text = `{"format":"json","version":1}\n${document}`;
  await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  socket.close();
}

test('where an address is taken, segments go on to the sinks before; and then to the new ones', async (context) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  context.after(() => taken.close());
  const { port: takenPort } = taken.address() as { port: number };
  const port = await findPort();
  const receiver = (proxy: string) => `xray_receivers: [{listen: "127.0.0.1:${port}", proxy: ${proxy}}]\n`;
  const before = await makePlan(`${receiver('{enabled: false}')}debug_write: [{name: before}]`);
  const after = await makePlan(
    `${receiver(`{listen: "127.0.0.1:${takenPort}"}`)}debug_write: [{name: after}]`,
  );
  const world = createWorld({ clock: systemClock });
  const collector = new Collector({
    plan: before,
    configFile: 'c.yml',
    storagePath: temporaryFolder(context),
    world,
    env: {},
    callLimits: new CallLimits(systemClock, world.metrics),
  });
  context.after(() => collector.stop(0));
  const countAt = (sink: string) =>
    world.lines.filter((line) => line.includes(`msg=traces sink=debug/${sink}`)).length;
  await collector.start();
  await send(port, 'one');
  await until('the first has come', 5_000, () => countAt('before') === 1);
  await assert.rejects(collector.apply(after), /in use/);
  await send(port, 'two');
  await until('the second has come', 5_000, () => countAt('before') === 2);
  assert.equal(countAt('after'), 0);
  taken.close();
  await once(taken, 'close');
  await collector.apply(after);
  await send(port, 'three');
  await until('the third has come', 5_000, () => countAt('after') === 1);
  assert.equal(countAt('before'), 2);
}); // prettier-ignore

test('what comes while a plan is applied has a way: routes are there before the socket', async (context) => {
  const port = await findPort();
  const none = await makePlan('debug_write: [{name: d}]');
  const some = await makePlan(
    `xray_receivers: [{listen: "127.0.0.1:${port}", proxy: {enabled: false}}]\ndebug_write: ` +
'[{name: d}]',
  );
  const world = createWorld({ clock: systemClock });
  const callLimits = new CallLimits(systemClock, world.metrics);
  const storagePath = temporaryFolder(context);
  const collector = new Collector({ plan: none, configFile: 'c.yml', storagePath, world, env: {}, callLimits });
  context.after(() => collector.stop(0));
  await collector.start();
  // Transforms are detected, and jobs changed, after the socket is open; that takes as long as
  // here.
  const apply = collector.scrape.apply.bind(collector.scrape);
  collector.scrape.apply = async (configs) => {
    await send(port, 'early');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await apply(configs);
  };
  await collector.apply(some);
  await until('it has come', 5_000, () =>
    world.lines.some((line) => line.includes('msg=traces sink=debug/d documents=1')),
  );
}); // prettier-ignore
