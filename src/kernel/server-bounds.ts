/**
 * The bounds of a server of HTTP/1 together: connections (connection-room.ts), answers that are not
 * read (unread-answers.ts) and bodies under way (byte-budget.ts). Each time that one is reached is
 * counted and told in a line, whose repeats the logger holds back.
 */
import type { Server } from 'node:http';
import type { ByteBudget } from './byte-budget.ts';
import { keepHttpRoom, limitRoom } from './connection-room.ts';
import type { Logger } from './logger.ts';
import type { Registry } from './metrics.ts';
import { UnreadAnswers, type UnreadReason } from './unread-answers.ts';

export type BoundReason = 'connections' | 'pipelined' | 'body_bytes' | UnreadReason;

const WORDS: Readonly<Record<BoundReason, string>> = {
  connections: 'a connection is closed at once, since there are too many',
  pipelined: 'a client is ended that sent many requests and read no answer',
  body_bytes: 'a request is refused, since the bodies of others under way hold all the bytes',
  answer_time: 'a client is ended that did not read its answer in time',
  answer_bytes: 'a client is ended that does not read, since unread answers hold too many bytes',
};

export interface ServerBoundsOptions {
  /** The name of the server. */
  readonly name: string;
  readonly log: Logger;
  /** Absent: nothing is counted. */
  readonly metrics?: Registry | undefined;
  readonly connectionsMax: number;
  readonly connectionsPerAddress?: number | undefined;
  /** Of bodies under way; absent where the server's handlers bound them. */
  readonly budget?: ByteBudget | undefined;
  /** Called for each connection that is closed at once. */
  readonly onConnectionRefused?: (() => void) | undefined;
}

export class ServerBounds {
  readonly #options: ServerBoundsOptions;
  readonly #unread: UnreadAnswers;
  #forget: () => void = () => undefined;

  /** @param server  one that does not listen yet */
  constructor(server: Server, options: ServerBoundsOptions) {
    const { connectionsMax, connectionsPerAddress, onConnectionRefused } = options;
    this.#options = options;
    const refuseConnection = (from = ''): void => {
      onConnectionRefused?.();
      this.tell('connections', from);
    };
    server.maxConnections = connectionsMax;
    server.on('drop', (dropped) => refuseConnection(dropped?.remoteAddress));
    keepHttpRoom(server, limitRoom(connectionsMax, refuseConnection, connectionsPerAddress));
    this.#unread = new UnreadAnswers(server, {
      onEnded: (reason, from) => this.tell(reason, from),
    });
  }

  /** The server listens: its metrics show what it holds. */
  begin(): void {
    const { metrics, name: server, budget } = this.#options;
    if (metrics === undefined) return;
    const held = metrics.gauges(
      'amperage_http_server_held_bytes',
      'Bytes that a server holds of bodies under way, and of answers that clients did not read.',
    );
    const bodies = { server, of: 'bodies' };
    const answers = { server, of: 'answers' };
    const forget = metrics.onCollect(() => {
      if (budget !== undefined) held.with(bodies).set(budget.usedBytes);
      held.with(answers).set(this.#unread.bytes);
    });
    this.#forget = () => {
      forget();
      for (const labels of [bodies, answers]) held.remove(labels);
    };
  }

  tell(reason: BoundReason, from: string): void {
    const { metrics, name: server, log } = this.#options;
    metrics
      ?.counters(
        'amperage_http_server_bounds_reached_total',
        'Requests and connections that a server refused or ended since a bound was reached.',
      )
      .with({ server, reason })
      .inc();
    log.warn(WORDS[reason], { server, from });
  }

  end(): void {
    this.#forget();
  }
}
