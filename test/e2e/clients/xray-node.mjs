/**
 * An application that uses AWS' X-Ray SDK for Node, for xray-clients.test.ts. It serves HTTP and
 * asks itself; the SDK samples, makes segments and sends them. It prints the ids of the traces that
 * were sampled, and the name of the rule of the last one.
 */
import { createServer, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import xray from 'aws-xray-sdk-core';

const REQUESTS = 40;

xray.enableManualMode();
xray.middleware.setDefaultName('node-client');

const traces = new Set();
let rule = '';

const server = createServer((request, response) => {
  const segment = xray.middleware.traceRequestResponseCycle(request, response);
  segment.addAnnotation('path', request.url);
  segment.addMetadata('text', 'ü"\\\n\u2028');
  const inner = segment.addNewSubsegment('remote.example.com');
  inner.namespace = 'remote';
  inner.close();
  if (request.url === '/fault') segment.addError(new Error('broken'));
  // While more than a hundred are open, those that close are sent apart.
  if (request.url === '/large') {
    const parts = Array.from({ length: 150 }, (_, i) => segment.addNewSubsegment(`part-${i}`));
    for (const part of parts) part.close();
  }
  response.statusCode = { '/error': 404, '/fault': 500, '/throttle': 429 }[request.url] ?? 200;
  response.end('done');
  if (segment.notTraced === true) return;
  traces.add(segment.trace_id);
  rule = segment.aws?.xray?.rule_name ?? rule;
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();

const ask = (path) =>
  new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path }, (answer) => {
      answer.resume().once('end', resolve);
    });
    request.once('error', reject);
  });

// The first decision makes the SDK ask for rules; until they are there it decides by itself.
for (let i = 0; i < 100 && rule !== process.argv[2]; i++) {
  await ask('/first');
  await sleep(100);
}
const paths = ['/ok', '/error', '/fault', '/throttle', '/large'];
for (let i = 0; i < REQUESTS; i++) await ask(paths[i % paths.length]);
await sleep(500);
process.stdout.write(`${JSON.stringify({ traces: [...traces], rule })}\n`, () => process.exit(0));
