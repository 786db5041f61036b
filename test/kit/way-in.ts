/** The way into a queue of remote write without a process around it: its chunks stay in memory. */
import { Load } from '../../src/delivery/load.ts';
import { DELIVERY_DEFAULTS } from '../../src/delivery/settings.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import {
  MESSAGE_1,
  METADATA_DEFAULTS,
  type RemoteWriteConfig,
} from '../../src/sinks/remote-write/config.ts';
import { newRemoteWriteMetrics } from '../../src/sinks/remote-write/metrics.ts';
import { AppenderPool } from '../../src/sinks/remote-write/way-in/appender.ts';
import { MemoryQueue } from './memory-queue.ts';

export function openWayIn(maxItemsPerSend: number): { pool: AppenderPool; queue: MemoryQueue } {
  const config: RemoteWriteConfig = {
    url: 'http://127.0.0.1:9/w',
    headers: {},
    message: MESSAGE_1,
    remoteTimeoutMs: 1_000,
    sendExemplars: false,
    sendNativeHistograms: false,
    metadata: METADATA_DEFAULTS,
  };
  const settings = { ...DELIVERY_DEFAULTS, maxItemsPerSend };
  const queue = new MemoryQueue();
  const metrics = newRemoteWriteMetrics(new Registry(), {
    name: 'test',
    url: config.url,
    settings,
    pendingSamples: () => 0,
  });
  const load = new Load(metrics.delivery);
  const onLeftOut = (): void => undefined;
  return { pool: new AppenderPool({ config, settings, queue, metrics, load, onLeftOut }), queue };
}
