/** A receiver of pushes before appenders that record, and the messages that are sent to it. */
import type { HttpRequest } from '../../src/kernel/http-server.ts';
import type { Label } from '../../src/model/labels.ts';
import type { SeriesOrigin, SeriesRef } from '../../src/model/sample.ts';
import { PushReceiver } from '../../src/pushes/receiver.ts';
import { PUSHES_DEFAULTS, type PushesSettings } from '../../src/pushes/settings.ts';
import { ProtoWriter } from '../../src/wire/protobuf/writer.ts';
import { encodeLabels } from '../../src/wire/remote-write/labels.ts';
import { upgradeMessages } from '../../src/wire/remote-write/upgrade.ts';
import { compress } from '../../src/wire/snappy.ts';
import { RecordingAppender } from './recording-appender.ts';
import { createWorld } from './world.ts';

class PartAppender extends RecordingAppender {
  readonly origins: (SeriesOrigin | undefined)[] = [];
  override refOf(labels: readonly Label[], origin?: SeriesOrigin): SeriesRef {
    this.origins.push(origin);
    return super.refOf(labels);
  }
}

const TYPE = 'application/x-protobuf';
const TYPE_2 = `${TYPE};proto=io.prometheus.write.v2.Request`;

export function openPushes(settings: Partial<PushesSettings> = {}) {
  const world = createWorld();
  const appenders: PartAppender[] = [];
  const state = { hasSink: true };
  const receiver = new PushReceiver({
    world,
    openAppender: () => {
      const appender = new PartAppender();
      appenders.push(appender);
      return appender;
    },
    hasSink: () => state.hasSink,
    address: () => 'http://127.0.0.1:1',
    settings: { ...PUSHES_DEFAULTS, ...settings },
  });
  const send = async (body: Uint8Array, headers: Record<string, string | undefined> = {}) => {
    const request = {
      headers: { 'content-type': TYPE, 'content-encoding': 'snappy', ...headers },
      remoteAddress: '127.0.0.1',
      bytes: async () => Buffer.from(body),
      take: () => undefined,
    } as unknown as HttpRequest;
    const {
      status,
      body: text = '',
      headers: answered = {},
    } = await receiver.route.handle(request);
    return { status, text: String(text), headers: answered };
  };
  return {
    world,
    receiver,
    appenders,
    state,
    /** As it comes, with the headers of 1.0 but for those that are given. */
    send,
    push: (message: Uint8Array) => send(compress(message)),
    /** The same message as one of 2.0. */
    push2: (message: Uint8Array) =>
      send(compress(upgradeMessages([message]).message), { 'content-type': TYPE_2 }),
    /** What was committed since the last call, of all parts. */
    sent: () => appenders.flatMap(({ committed }) => committed.splice(0)),
    made: () => appenders.flatMap(({ made }) => made),
  };
}

export interface PushedSeries {
  readonly labels: Readonly<Record<string, string>> | readonly Label[];
  /** Values with their times, or fields of a TimeSeries that are encoded already. */
  readonly samples?: readonly (readonly [value: number, tMs: number])[];
  readonly fields?: Uint8Array;
}

/** A message of 1.0; `rest` is behind its series. */
export function writeMessage(all: readonly PushedSeries[], rest = new Uint8Array(0)): Uint8Array {
  const message = new ProtoWriter(256);
  for (const { labels, samples = [], fields } of all) {
    const list = Array.isArray(labels)
      ? (labels as readonly Label[])
      : Object.entries(labels).map(([name, value]) => ({ name, value: String(value) }));
    const series = new ProtoWriter(256);
    series.raw(encodeLabels(list));
    for (const [value, tMs] of samples) {
      const sample = new ProtoWriter(32);
      sample.varint(0x09);
      sample.double(value);
      sample.varint(0x10);
      sample.int64(tMs);
      series.field(2, sample.written());
    }
    if (fields !== undefined) series.raw(fields);
    message.field(1, series.written());
  }
  message.raw(rest);
  return message.written();
}
