/**
 * PutTraceSegments for traces.ts, in a process of its own: takes all documents and says how many
 * when it is asked.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

let stored = 0;
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(parts).toString()) as { TraceSegmentDocuments?: [] };
    stored += body.TraceSegmentDocuments?.length ?? 0;
    response.end('{"UnprocessedTraceSegments":[]}');
  });
});
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
process.on('message', () => process.send?.({ stored }));
process.on('disconnect', () => process.exit());
