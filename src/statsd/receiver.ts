/**
 * Receives metrics of StatsD, adds them up, and appends what an interval has brought. What was
 * added and not yet appended is in memory: a process that is killed loses up to one interval; one
 * that stops does not.
 *
 *     socket ─► packets (PENDING_BYTES_MAX) ─► lines ─► series table ─► each interval: appender
 *
 * Senders are not told apart: a series has its name and tags, whoever sends it.
 * Source: contrib's receiver/statsdreceiver
 */
import { readMoment } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { describeError } from '../kernel/errors.ts';
import type { ReceiverStatus } from '../kernel/receiver-status.ts';
import type { World } from '../kernel/world.ts';
import type { RoutedAppender } from '../model/sample.ts';
import { LINE_BYTES_MAX, parseLine } from './line.ts';
import { StatsdReport } from './report.ts';
import { StatsdTable } from './table.ts';
import type { StatsdReceiverSettings } from './settings.ts';
import { CLIENTS_MAX, StreamServer } from './stream-server.ts';
import { UdpSocket } from './udp-socket.ts';

/** Datagrams that were read and not yet taken. */
const PENDING_BYTES_MAX = 16 * 1024 * 1024;
/** Beside its bytes. */
const PACKET_BYTES = 256;
/** After so long, taking lines gives way to other work. */
const TURN_MS = 10;
const LINE_FEED = 10;

/** A datagram, or lines of a stream. */
interface Packet {
  readonly bytes: Buffer;
  /** The sender's address; '' for a socket of the file system. */
  readonly from: string;
}

export interface StatsdReceiverParts {
  readonly world: World;
  readonly openAppender: () => RoutedAppender;
  /** From 0 to below 1; Math.random by default. */
  readonly random?: () => number;
}

export class StatsdReceiver implements Component {
  readonly name: string;
  readonly #settings: StatsdReceiverSettings;
  readonly #parts: StatsdReceiverParts;
  readonly #report: StatsdReport;
  readonly #ended = new AbortController();
  #udp: UdpSocket | undefined;
  #stream: StreamServer | undefined;
  #appender: RoutedAppender | undefined;
  #table: StatsdTable | undefined;
  #pending: Packet[] = [];
  #pendingBytes = 0;
  #isDraining = false;
  #ticking: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(settings: StatsdReceiverSettings, parts: StatsdReceiverParts) {
    this.name = settings.id;
    this.#settings = settings;
    this.#parts = parts;
    const { log, metrics, clock } = parts.world;
    this.#report = new StatsdReport({ receiver: settings.id, log, metrics, clock });
  }

  /** Where it listens, after `start`: `host:port`, or a path. */
  get address(): string {
    const udp = this.#udp?.address;
    if (udp === undefined) return this.#stream?.address ?? '';
    return udp.family === 6 ? `[${udp.host}]:${udp.port}` : `${udp.host}:${udp.port}`;
  }

  get statuses(): readonly ReceiverStatus[] {
    const { id, transport } = this.#settings;
    const protocol = `StatsD by ${transport.toUpperCase()}`;
    return [this.#report.tally.status({ receiver: id, protocol, address: this.address })];
  }

  /** @throws ConfigError LISTEN_ADDRESS, LISTEN_FAILED, PORT_FORBIDDEN or PORT_IN_USE */
  async start(): Promise<void> {
    const { openAppender, random = Math.random } = this.#parts;
    this.#appender = openAppender();
    this.#table = new StatsdTable(this.#settings, this.#appender, random);
    const report = this.#report;
    if (this.#settings.transport === 'udp') {
      this.#udp = new UdpSocket(this.#settings, {
        onDatagram: (bytes, from) => this.#hold({ bytes, from }),
        onFailure: (error) => report.tellSocketFailed(describeError(error)),
        onKernelDrops: (count) => report.tellKernelDrops(count),
      });
      await this.#udp.open();
    } else {
      this.#stream = new StreamServer(this.#settings, {
        onLines: (bytes, from) => this.#take({ bytes, from }),
        onTooLong: (from) => report.countRefused('too_long', '', from),
        onHttp: (from) => report.countRefused('http', '', from),
        onClients: (count) => report.setClients(count),
        onClientRefused: () => report.tellClientRefused(CLIENTS_MAX),
      });
      await this.#stream.open();
    }
    report.tellListening(this.address, this.#settings.transport);
    this.#ticking = this.#tick();
  }

  /** Reads what the sockets still have, and appends what was added up. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    await Promise.all([this.#udp?.close(deadlineMs / 2), this.#stream?.close(deadlineMs / 2)]);
    while (this.#takePending(performance.now() + TURN_MS)) await nextTurn();
    this.#ended.abort();
    await this.#ticking;
    await this.#flush();
    this.#appender?.close();
    this.#report.end();
  }

  async #tick(): Promise<void> {
    const { clock } = this.#parts.world;
    const { intervalMs } = this.#settings;
    const { signal } = this.#ended;
    let nextMs = clock.elapsedMs() + intervalMs;
    while (!signal.aborted) {
      await clock.sleep(nextMs - clock.elapsedMs(), signal).catch(() => undefined);
      if (signal.aborted) return;
      await Promise.all([this.#flush(), this.#udp?.readDrops()]);
      // Ticks that a suspended machine has missed are left out.
      const missed = Math.floor((clock.elapsedMs() - nextMs) / intervalMs);
      nextMs += Math.max(1, missed + 1) * intervalMs;
    }
  }

  async #flush(): Promise<void> {
    const table = this.#table;
    if (table === undefined) return;
    const now = readMoment(this.#parts.world.clock);
    await table.flush(now, (series, error) => this.#report.tellUncommitted(series, error));
    this.#report.tellInterval(table.size);
  }

  /** Datagrams wait for their turn, so that a burst holds up nothing else for long. */
  #hold(datagram: Packet): void {
    const length = measureHeld(datagram);
    if (this.#pendingBytes + length > PENDING_BYTES_MAX) {
      this.#report.tellBufferFull(PENDING_BYTES_MAX);
      return;
    }
    this.#pending.push(datagram);
    this.#pendingBytes += length;
    if (this.#isDraining) return;
    this.#isDraining = true;
    setImmediate(this.#drain);
  }

  readonly #drain = (): void => {
    if (this.#takePending(performance.now() + TURN_MS)) setImmediate(this.#drain);
    else this.#isDraining = false;
  };

  /** @returns whether more is waiting */
  #takePending(endMs: number): boolean {
    let index = 0;
    for (const datagram of this.#pending) {
      index += 1;
      this.#pendingBytes -= measureHeld(datagram);
      this.#take(datagram);
      if (performance.now() >= endMs) break;
    }
    this.#pending = this.#pending.slice(index);
    return this.#pending.length > 0;
  }

  #take({ bytes: packet, from }: Packet): void {
    this.#report.countReceived(packet.length);
    for (let start = 0; start < packet.length;) {
      const found = packet.indexOf(LINE_FEED, start);
      const end = found < 0 ? packet.length : found;
      if (end - start > LINE_BYTES_MAX)
        this.#report.countRefused('too_long', packet.toString('utf8', start, start + 100), from);
      else this.#takeLine(packet.toString('utf8', start, end), from);
      start = end + 1;
    }
  }

  #takeLine(written: string, from: string): void {
    const text = written.trim();
    if (text === '') return;
    const line = parseLine(text, this.#settings.takesSimpleTags);
    const now = readMoment(this.#parts.world.clock);
    const refusal = typeof line === 'string' ? line : this.#table?.take(line, now);
    if (refusal === undefined) this.#report.countTaken();
    else this.#report.countRefused(refusal, text, from);
  }
}

/** What a datagram holds; an empty one is not nothing. */
function measureHeld({ bytes }: Packet): number {
  return bytes.length + PACKET_BYTES;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
