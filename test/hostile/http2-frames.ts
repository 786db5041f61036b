/** A client of HTTP/2 that writes its frames itself, to send what no client would. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Ending, onEnd } from '../kit/ending.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const TYPES = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  window: 8,
  continuation: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;

export function frame(
  type: keyof typeof TYPES,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
  flags = 0,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = TYPES[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A setting, by its number. */
export function setting(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(number, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

/** A header that enters no table. */
export function header(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const { length } = bytes;
  if (length < 127) return Buffer.concat([Buffer.from([length]), bytes]);
  const size = [127];
  let rest = length - 127;
  for (; rest > 127; rest >>>= 7) size.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...size, rest]), bytes]);
}

/** The headers of a call of traces. */
export const CALL = Buffer.concat([
  header(':method', 'POST'),
  header(':scheme', 'http'),
  header(':path', '/opentelemetry.proto.collector.trace.v1.TraceService/Export'),
  header(':authority', 'localhost'),
  header('content-type', 'application/grpc'),
  header('te', 'trailers'),
]);

export interface RawClient {
  readonly socket: Socket;
  isClosed(): boolean;
  /** How many bytes have come. */
  received(): number;
}

/** Connects and sends what `first` says, then `again` as fast as the server reads. */
export function startRawClient(
  ending: Ending,
  { port, isTls }: { readonly port: number; readonly isTls: boolean },
  first: Uint8Array,
  again?: (count: number) => Uint8Array,
): RawClient {
  const place = { port, host: '127.0.0.1' };
  const socket = isTls
    ? connectTls({ ...place, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    : connectTcp(place);
  let received = 0;
  let isClosed = false;
  let count = 0;
  socket.on('error', () => undefined).once('close', () => (isClosed = true));
  socket.on('data', (part: Buffer) => (received += part.length));
  const pour = (): void => {
    if (again === undefined) return;
    let isRoom = true;
    for (let one = 0; isRoom && one < 50 && !socket.destroyed; one++)
      isRoom = socket.write(again(count++));
    if (isRoom && !socket.destroyed) setImmediate(pour);
  };
  socket.once(isTls ? 'secureConnect' : 'connect', () => {
    socket.write(first);
    pour();
  });
  socket.on('drain', () => setImmediate(pour));
  onEnd(ending, () => void socket.destroy());
  return { socket, isClosed: () => isClosed, received: () => received };
}
