/**
 * Receives segment documents by UDP, as X-Ray clients send them, and commits them. The socket is
 * read in a thread of its own (decision 19); documents are opaque. What a killed process loses is
 * what came in the last 20 ms, or since the main thread last ended a turn; docs/traces.md says so.
 * Limits: `bufferBytes` between socket and commit; a datagram has at most 65,507 bytes.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
 */
import type { Component } from '../kernel/component.ts';
import { describeError } from '../kernel/errors.ts';
import { parseListen } from '../kernel/listen-address.ts';
import type { ReceiverStatus } from '../kernel/receiver-status.ts';
import type { World } from '../kernel/world.ts';
import type { TraceAppender } from '../model/trace-appender.ts';
import { readDocuments } from './document-batch.ts';
import { readKernelDrops, type SocketAddress } from '../kernel/udp-drops.ts';
import { describeBindError, resolveHost } from '../kernel/udp-listening.ts';
import { openReaderThread, type OpenReaderThread, type ReaderThread } from './reader-thread.ts';
import { ReceiverReport } from './receiver-report.ts';
import type { Tally, ThreadMessage } from './thread-messages.ts';

export interface TraceReceiverSettings {
  /** Names the receiver in logs and metrics. */
  readonly id: string;
  /** `host:port` of UDP; `:port` is loopback, port 0 any free one. */
  readonly listen: string;
  /** The flag or key that gives the address, for errors; the endpoint of `id` by default. */
  readonly listenFlag?: string | undefined;
  /** Most bytes that are held between socket and commit; 16 MiB by default, 512 KiB at least. */
  readonly bufferBytes?: number | undefined;
  /** What is asked of the system as receive buffer of the socket; 4 MiB by default. */
  readonly socketBufferBytes?: number | undefined;
}

export interface TraceReceiverParts {
  readonly world: World;
  readonly appender: TraceAppender;
  readonly openThread?: OpenReaderThread;
  readonly readDrops?: typeof readKernelDrops;
}

const BUFFER_BYTES = 16 * 1024 * 1024;
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
const DROPS_EVERY_MS = 5_000;
/** After so long without a segment it is said. */
const SILENCE_MS = 60_000;
/** Waits before a thread that ended is started again. */
const RESTART_MS_MIN = 1_000;
const RESTART_MS_MAX = 30_000;

interface BindFailure {
  readonly code: string;
  readonly message: string;
}

export class TraceReceiver implements Component {
  readonly name: string;
  readonly #settings: TraceReceiverSettings;
  readonly #parts: TraceReceiverParts;
  readonly #limits: { readonly bufferBytes: number; readonly socketBufferBytes: number };
  readonly #report: ReceiverReport;
  readonly #ended = new AbortController();
  #address: SocketAddress | undefined;
  #thread: ReaderThread | undefined;
  #stopping: Promise<void> | undefined;
  #onDrained: () => void = () => undefined;
  #onClosed: () => void = () => undefined;
  #restartMs = RESTART_MS_MIN;
  #kernelDrops = 0;

  constructor(settings: TraceReceiverSettings, parts: TraceReceiverParts) {
    this.name = settings.id;
    this.#settings = settings;
    this.#parts = parts;
    this.#limits = {
      bufferBytes: settings.bufferBytes ?? BUFFER_BYTES,
      socketBufferBytes: settings.socketBufferBytes ?? SOCKET_BUFFER_BYTES,
    };
    const { log, metrics, clock } = parts.world;
    const told = { receiver: settings.id, log, metrics, clock };
    this.#report = new ReceiverReport({ ...told, ...this.#limits });
  }

  /** The port that is listened on, after `start`. */
  get port(): number {
    return this.#address?.port ?? 0;
  }

  get statuses(): readonly ReceiverStatus[] {
    const { host = '', port = 0, family } = this.#address ?? {};
    const address = family === 6 ? `[${host}]:${port}` : `${host}:${port}`;
    const where = { receiver: this.#settings.id, protocol: 'trace segments by UDP', address };
    return [this.#report.tally.status(where)];
  }

  /** @throws ConfigError LISTEN_ADDRESS, LISTEN_FAILED, PORT_FORBIDDEN or PORT_IN_USE */
  async start(): Promise<void> {
    const { listen, listenFlag = `endpoint of ${this.name}` } = this.#settings;
    const { host, port } = parseListen(listen, listenFlag);
    const place = { name: this.name, listen, flag: listenFlag };
    const resolved = await resolveHost(host, place);
    await new Promise<void>((resolve, reject) => {
      this.#openThread({ ...resolved, port }, (failure) =>
        failure === undefined ? resolve() : reject(describeBindError(failure, place)),
      );
    });
    void this.#watchDrops();
    void this.#watchSilence();
  }

  /** Reads what the socket still has, commits it, and ends the thread. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    const thread = this.#thread;
    if (thread !== undefined) {
      const drained = new Promise<void>((resolve) => (this.#onDrained = resolve));
      const closed = new Promise<void>((resolve) => (this.#onClosed = resolve));
      const timer = setTimeout(() => this.#giveUp(), deadlineMs);
      thread.post({ kind: 'drain', deadlineMs: deadlineMs / 2 }, []);
      await drained;
      // The kernel forgets the drops of a socket when it is closed.
      await this.#readDropsNow();
      thread.post({ kind: 'close' }, []);
      await closed;
      clearTimeout(timer);
    }
    this.#ended.abort();
    await thread?.end();
    this.#thread = undefined;
  }

  /** Waits no longer for what the thread answers to a stop. */
  #giveUp(): void {
    this.#onDrained();
    this.#onClosed();
  }

  /** @param onSettled  called when the socket is bound, or with why it can't be */
  #openThread(address: SocketAddress, onSettled: (failure?: BindFailure) => void): void {
    const { openThread = openReaderThread } = this.#parts;
    let failure: BindFailure | undefined;
    const thread = openThread(
      { ...address, ...this.#limits },
      {
        onMessage: (message) => {
          if (message.kind === 'unable') failure = message;
          else this.#receive(message, thread);
          if (message.kind === 'listening') onSettled();
        },
        onEnd: (error) => {
          failure ??= {
            code: '',
            message: error === undefined ? 'it has ended' : describeError(error),
          };
          onSettled(failure);
          this.#goOnAfter(thread, failure.message);
        },
      },
    );
    this.#thread = thread;
  }

  /** A thread has ended: by a stop, by a socket that can't be bound, or against all intent. */
  #goOnAfter(thread: ReaderThread, message: string): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#giveUp();
    const address = this.#address;
    if (address === undefined || this.#stopping !== undefined) return;
    const waitMs = this.#restartMs;
    this.#restartMs = Math.min(waitMs * 2, RESTART_MS_MAX);
    this.#report.tellThreadEnded(message, waitMs);
    const reopen = (): void => {
      if (this.#stopping !== undefined) return;
      // A failure comes here again, as the end of the thread.
      this.#openThread(address, () => undefined);
    };
    this.#parts.world.clock.sleep(waitMs, this.#ended.signal).then(reopen, () => undefined);
  }

  #receive(message: Exclude<ThreadMessage, { kind: 'unable' }>, thread: ReaderThread): void {
    if (message.kind === 'listening') this.#listen(message);
    else if (message.kind === 'broken')
      this.#report.tellSocketFailed(message.message, message.waitMs);
    else if (message.kind === 'drained') this.#onDrained();
    else if (message.kind === 'closed') this.#onClosed();
    else {
      this.#restartMs = RESTART_MS_MIN;
      this.#report.tellTally(message.tally, message.heldBytes);
      const rejected = countRejected(message.tally);
      if (rejected > 0) this.#parts.appender.noteRejected?.(rejected);
      const { buffer, usedBytes } = message;
      if (buffer === undefined) thread.post({ kind: 'taken' }, []);
      else {
        this.#commit(buffer, usedBytes);
        thread.post({ kind: 'taken', buffer }, [buffer]);
      }
    }
  }

  #listen({ host, port, socketBufferBytes }: ThreadMessage & { kind: 'listening' }): void {
    this.#address = { host, port, family: host.includes(':') ? 6 : 4 };
    // A new socket has dropped nothing.
    this.#kernelDrops = 0;
    this.#report.tellListening(this.#address, socketBufferBytes);
  }

  #commit(buffer: ArrayBuffer, usedBytes: number): void {
    const { appender, world } = this.#parts;
    const nowMs = world.clock.nowMs();
    let documents = 0;
    try {
      for (const document of readDocuments(buffer, usedBytes)) {
        documents += 1;
        appender.append(document, nowMs);
      }
      appender.commit();
    } catch (error) {
      this.#report.tellUncommitted(documents, describeError(error));
    }
  }

  async #watchDrops(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await this.#readDropsNow();
      await this.#parts.world.clock.sleep(DROPS_EVERY_MS, signal).catch(() => undefined);
    }
  }

  async #watchSilence(): Promise<void> {
    try {
      await this.#parts.world.clock.sleep(SILENCE_MS, this.#ended.signal);
    } catch {
      return;
    }
    if (this.#address !== undefined) this.#report.tellSilence(this.#address, SILENCE_MS);
  }

  async #readDropsNow(): Promise<void> {
    const address = this.#address;
    if (address === undefined) return;
    const drops = await (this.#parts.readDrops ?? readKernelDrops)(address);
    // The socket may have been opened again meanwhile.
    if (drops === undefined || address !== this.#address || drops < this.#kernelDrops) return;
    this.#report.tellKernelDrops(drops - this.#kernelDrops);
    this.#kernelDrops = drops;
  }
}

function countRejected({ rejected }: Tally): number {
  return Object.values(rejected).reduce((sum, count) => sum + count, 0);
}
