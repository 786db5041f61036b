import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { until } from '../../test/kit/waiting.ts';
import { closeIdleConnections } from './idle-connections.ts';

test('the longest idle connection of an address makes room; one with a request stays', async (context) => {
  let refused = 0;
  const underWay: ServerResponse[] = [];
  const server = createServer((_, response) => void underWay.push(response));
  closeIdleConnections(server, { all: 100, perAddress: 20, onRefused: () => (refused += 1) });
  context.after(() => server.closeAllConnections());
  context.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = () => {
    const sent = request({ port, host: '127.0.0.1', agent: false }).end();
    return once(sent, 'response').then(([answer]) => (answer as { statusCode: number }).statusCode);
  };
  const waiting = ask();
  await until('it came', 5_000, () => underWay.length === 1, 5);
  let closed = 0;
  const sockets = Array.from({ length: 30 }, () => connect(port, '127.0.0.1'));
  context.after(() => sockets.forEach((socket) => socket.destroy()));
  for (const socket of sockets) socket.on('close', () => (closed += 1)).resume();
  await until('the first silent ones have closed', 5_000, () => closed === 11, 5);
  const another = ask();
  await until('another came', 5_000, () => underWay.length === 2, 5);
  for (const response of underWay) response.end();
  assert.deepEqual([await waiting, await another, refused], [200, 200, 0]);
});
