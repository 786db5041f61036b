/**
 * Tells the emulated CloudWatch each minute what workspaces have and get, by the metrics that AMP
 * vends there. Their names are documented; that `ResourceId` and `Workspace` are the id of the
 * workspace, and that a series is active for ACTIVE_MS after its last sample, are assumptions.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html
 */
import type { Component } from '../kernel/component.ts';
import type { AmpWorkspace } from './amp/state.ts';
import type { WorkspaceUsage } from './amp/workspace-data.ts';
import type { EmulatedCloud } from './cloud.ts';
import type { MetricDatum } from './cloudwatch/store.ts';

const INTERVAL_MS = 60_000;
const ACTIVE_MS = 30 * 60_000;

interface Told {
  readonly usage: WorkspaceUsage;
  /** Of elapsed time. */
  readonly atMs: number;
}

export class UsageReporter implements Component {
  readonly name = 'usage of workspaces';
  readonly #cloud: EmulatedCloud;
  readonly #stopping = new AbortController();
  /** What was told last, by workspace. */
  #told = new Map<string, Told>();
  #running: Promise<void> = Promise.resolve();

  constructor(cloud: EmulatedCloud) {
    this.#cloud = cloud;
  }

  start(): Promise<void> {
    this.#running = this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the emulator is stopping'));
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      try {
        await this.#cloud.clock.sleep(INTERVAL_MS, this.#stopping.signal);
      } catch {
        return;
      }
      this.report();
    }
  }

  /** Tells what workspaces have now, and got since it was told last. */
  report(): void {
    const { clock, workspaces } = this.#cloud;
    const told = new Map<string, Told>();
    for (const workspace of workspaces.all.values()) {
      const usage = workspace.data?.usage(clock.nowMs() - ACTIVE_MS);
      if (usage === undefined) continue;
      const now: Told = { usage, atMs: clock.elapsedMs() };
      told.set(workspace.id, now);
      this.#tell(workspace, now, this.#told.get(workspace.id));
    }
    this.#told = told;
  }

  #tell({ id, place }: AmpWorkspace, now: Told, before: Told | undefined): void {
    const { store } = this.#cloud.regionOf(place.accountId, place.region).cloudWatch;
    const timestampMs = this.#cloud.nowMs();
    const add = (
      metric: Pick<MetricDatum, 'namespace' | 'name' | 'dimensions'>,
      value: number,
    ): void =>
      store.add({
        ...metric,
        timestampMs,
        unit: 'None',
        isHighResolution: false,
        values: [[value, 1]],
      });
    const addUsage = (resource: string, value: number): void =>
      add(
        {
          namespace: 'AWS/Usage',
          name: 'ResourceCount',
          dimensions: [
            { name: 'Class', value: 'None' },
            { name: 'Resource', value: resource },
            { name: 'ResourceId', value: id },
            { name: 'Service', value: 'Prometheus' },
            { name: 'Type', value: 'Resource' },
          ],
        },
        value,
      );
    addUsage('ActiveSeries', now.usage.activeSeries);
    const seconds = before === undefined ? INTERVAL_MS / 1_000 : (now.atMs - before.atMs) / 1_000;
    const stored = now.usage.storedSamples - (before?.usage.storedSamples ?? 0);
    if (seconds > 0) addUsage('IngestionRate', stored / seconds);
    for (const [reason, count] of now.usage.discarded) {
      const more = count - (before?.usage.discarded.get(reason) ?? 0);
      const dimensions = [
        { name: 'Reason', value: reason },
        { name: 'Workspace', value: id },
      ];
      if (more > 0)
        add({ namespace: 'AWS/Prometheus', name: 'DiscardedSamples', dimensions }, more);
    }
  }
}
