/** A receiver of OTLP with both of its servers on free ports, before an intake of traces. */
import { OtlpReceiver } from '../../src/otlp/receiver.ts';
import {
  GRPC_MESSAGE_MAX_BYTES,
  HTTP_BODY_MAX_BYTES,
  type OtlpGrpcSettings,
  type OtlpHttpSettings,
  SIGNAL_PATHS,
} from '../../src/otlp/settings.ts';
import { TracesIntake } from '../../src/otlp/traces/intake.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { TraceAppender } from '../../src/model/trace-appender.ts';
import { ProtoWriter } from '../../src/wire/protobuf/writer.ts';
import { type Ending, onEnd } from './ending.ts';
import { createWorld } from './world.ts';

export interface ReceiverParts {
  readonly http?: Partial<OtlpHttpSettings>;
  readonly grpc?: Partial<OtlpGrpcSettings>;
  readonly appender?: Partial<TraceAppender>;
}

export async function startOtlpReceiver(ending: Ending, parts: ReceiverParts = {}) {
  const world = createWorld({ clock: systemClock });
  /** What was committed. */
  const documents: string[] = [];
  let open: string[] = [];
  const appender: TraceAppender = {
    append: (document) => void open.push(Buffer.from(document).toString()),
    commit: () => {
      documents.push(...open);
      open = [];
    },
    ...parts.appender,
  };
  const receiver = new OtlpReceiver(
    {
      id: 'otlp',
      signals: ['traces'],
      http: {
        listen: '127.0.0.1:0',
        paths: SIGNAL_PATHS,
        bodyMaxBytes: HTTP_BODY_MAX_BYTES,
        headers: {},
        ...parts.http,
      },
      grpc: {
        listen: '127.0.0.1:0',
        messageMaxBytes: GRPC_MESSAGE_MAX_BYTES,
        ...parts.grpc,
      },
    },
    { world, intakes: { traces: new TracesIntake({ id: 'otlp', appender, world }) } },
  );
  await receiver.start();
  onEnd(ending, () => receiver.stop(0));
  const url = `http://127.0.0.1:${receiver.httpPort}`;
  return { receiver, world, documents, url, grpcUrl: `http://127.0.0.1:${receiver.grpcPort}` };
}

function field(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const writer = new ProtoWriter();
  writer.field(number, Buffer.concat(parts));
  return Buffer.from(writer.written());
}

/** A request of spans, in protobuf. @param nameBytes  length of the name of each */
export function makeTraceRequest(spans = 1, nameBytes = 10): Buffer {
  const span = field(
    2,
    field(1, Buffer.alloc(16, 7)),
    field(2, Buffer.alloc(8, 7)),
    field(5, Buffer.alloc(nameBytes, 'n')),
  );
  return field(1, field(2, ...Array.from({ length: spans }, () => span)));
}

/** Within a span: an attribute whose value is nested so deeply. */
export function makeDeepRequest(depth: number): Buffer {
  let value = field(1, Buffer.from('x'));
  for (let level = 0; level < depth; level++) value = field(5, field(1, value));
  const ids = [field(1, Buffer.alloc(16, 7)), field(2, Buffer.alloc(8, 7))];
  return field(1, field(2, field(2, ...ids, field(9, field(2, value)))));
}
