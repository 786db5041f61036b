/** Whether segments can come in: the UDP ports of X-Ray's clients, by what the kernel lists. */
import { readFile } from 'node:fs/promises';
import { defineCheck } from './check.ts';

export const tracingCheck = defineCheck({
  id: 'tracing',
  looksAt: 'the UDP ports that segments are received at',
  timeoutMs: 10_000,
  kinds: {
    'trace-port-taken': {
      severity: 'error',
      means:
        'Another process has the UDP port that segments are received at: the collector does ' +
        'not start.',
      remedy:
        'Stop the X-Ray daemon or the other collector of this task or machine, or change ' +
        '"listen".',
      page: 'traces.md',
    },
  },
  async look({ checked, world, collectorUrl }, tell, signal) {
    const receivers = checked.plan?.traceReceivers ?? [];
    if (receivers.length === 0) {
      tell.skipped('no segments are received');
      return;
    }
    const taken = await listUdpPorts();
    if (taken === undefined) {
      tell.skipped('this system does not list its sockets');
      return;
    }
    const limits = { timeoutMs: 2_000, bodyMaxBytes: 65_536, signal };
    const isOurs = await world.http
      .send({ method: 'GET', url: `${collectorUrl}/-/healthy`, ...limits })
      .then(
        ({ status }) => status === 200,
        () => false,
      );
    for (const { id, listen } of receivers) {
      const port = Number(/:(\d+)$/.exec(listen)?.[1] ?? 0);
      const isTaken = taken.has(port);
      if (isTaken && !isOurs)
        tell.found('trace-port-taken', {
          what: `${id}: UDP port ${port} is in use, and no collector answers at ${collectorUrl}`,
        });
      else tell.ok(`${id}: UDP port ${port} ${isTaken ? 'is that of the collector' : 'is free'}`);
    }
  },
});

/** Ports of this network namespace; undefined without /proc. */
async function listUdpPorts(): Promise<ReadonlySet<number> | undefined> {
  const ports = new Set<number>();
  let isKnown = false;
  for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    isKnown ||= text !== '';
    for (const [, port = ''] of text.matchAll(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /gm))
      ports.add(Number.parseInt(port, 16));
  }
  return isKnown ? ports : undefined;
}
