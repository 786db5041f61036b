/**
 * A receiver of OTLP: servers of HTTP and gRPC before the intakes of its signals.
 */
import { ByteBudget } from '../kernel/byte-budget.ts';
import type { Component } from '../kernel/component.ts';
import type { GrpcServer } from '../kernel/grpc/server.ts';
import type { HttpServer } from '../kernel/http-server.ts';
import { parseListen } from '../kernel/listen-address.ts';
import type { ReceiverStatus } from '../kernel/receiver-status.ts';
import type { World } from '../kernel/world.ts';
import { OtlpExports, type OtlpIntakes } from './exports.ts';
import { createOtlpGrpcServer } from './grpc.ts';
import { createOtlpHttpServer } from './http.ts';
import { JsonRequests } from './json-requests.ts';
import { OtlpReport } from './report.ts';
import type { OtlpReceiverSettings } from './settings.ts';

export interface OtlpReceiverParts {
  readonly world: World;
  readonly intakes: OtlpIntakes;
  /** Called when the servers have stopped: nothing comes to the intakes any more. */
  readonly onStopped?: () => void;
}

export class OtlpReceiver implements Component {
  readonly name: string;
  readonly #settings: OtlpReceiverSettings;
  readonly #parts: OtlpReceiverParts;
  readonly #budget = new ByteBudget();
  readonly #json = new JsonRequests();
  readonly #report: OtlpReport;
  readonly #exports: OtlpExports;
  #http: HttpServer | undefined;
  #grpc: GrpcServer | undefined;
  #stopping: Promise<void> | undefined;

  constructor(settings: OtlpReceiverSettings, parts: OtlpReceiverParts) {
    this.name = settings.id;
    this.#settings = settings;
    this.#parts = parts;
    const { log, metrics, clock } = parts.world;
    const told = { receiver: settings.id, log, metrics, clock };
    this.#report = new OtlpReport({ ...told, budget: this.#budget });
    this.#exports = new OtlpExports(settings, parts.intakes, this.#report);
  }

  /** The ports that are listened on, after `start`; 0 for none. */
  get httpPort(): number {
    return this.#http?.port ?? 0;
  }

  get grpcPort(): number {
    return this.#grpc?.port ?? 0;
  }

  /** One for each protocol that is listened for. */
  get statuses(): readonly ReceiverStatus[] {
    const { id, http, grpc } = this.#settings;
    const { tallies } = this.#report;
    const one = (listen: string, port: number, protocol: 'http' | 'grpc', name: string) => {
      const { host } = parseListen(listen);
      const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      return tallies[protocol].status({ receiver: id, protocol: `OTLP over ${name}`, address });
    };
    return [
      ...(http === undefined ? [] : [one(http.listen, this.httpPort, 'http', 'HTTP')]),
      ...(grpc === undefined ? [] : [one(grpc.listen, this.grpcPort, 'grpc', 'gRPC')]),
    ];
  }

  /** @throws ConfigError PORT_IN_USE, PORT_FORBIDDEN, LISTEN_FAILED or WEB_CONFIG */
  async start(): Promise<void> {
    const { id, http, grpc } = this.#settings;
    const parts = {
      world: this.#parts.world,
      exports: this.#exports,
      budget: this.#budget,
      httpPort: () => this.httpPort,
      grpcPort: () => this.grpcPort,
    };
    if (http !== undefined) {
      this.#http = createOtlpHttpServer(id, http, { ...parts, json: this.#json });
      await this.#http.start();
    }
    if (grpc !== undefined) {
      this.#grpc = createOtlpGrpcServer(id, grpc, parts);
      await this.#grpc.start();
    }
  }

  /** Requests under way may end until the deadline. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    await Promise.all([this.#http?.stop(deadlineMs), this.#grpc?.stop(deadlineMs)]);
    await this.#json.end();
    this.#report.end();
    this.#parts.onStopped?.();
  }
}
