/**
 * OTLP over gRPC: the service of each signal, and the check of health that load balancers ask for.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc,
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
import { type GrpcAnswer, type GrpcCall, GrpcError, GrpcServer } from '../kernel/grpc/server.ts';
import { GRPC_STATUS, type GrpcStatusName } from '../kernel/grpc/status.ts';
import { ENCODINGS, inflateBody } from '../kernel/inflate.ts';
import type { World } from '../kernel/world.ts';
import { createWebConfig } from '../settings/web-config.ts';
import { encodeStatus } from '../wire/otlp/rpc-status.ts';
import { encodeTaken } from './answers.ts';
import type { ByteBudget, ByteShare } from '../kernel/byte-budget.ts';
import type { RefusedExport } from './export-call.ts';
import { type OtlpExports, RefusedRequest } from './exports.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';
import type { OtlpGrpcSettings } from './settings.ts';

const PACKAGE = '/opentelemetry.proto.collector';
const METHODS: ReadonlyMap<string, OtlpSignal> = new Map([
  [`${PACKAGE}.metrics.v1.MetricsService/Export`, 'metrics'],
  [`${PACKAGE}.trace.v1.TraceService/Export`, 'traces'],
]);
const LOGS = `${PACKAGE}.logs.v1.LogsService/Export`;
const HEALTH = '/grpc.health.v1.Health/Check';
/** HealthCheckResponse { status: SERVING }. */
const SERVING = Uint8Array.of(8, 1);

export interface OtlpGrpcParts {
  readonly world: World;
  readonly exports: OtlpExports;
  readonly budget: ByteBudget;
  /** The port of HTTP of the same receiver; 0 for none. */
  readonly httpPort: () => number;
}

/** A server that is not listening yet. @throws ConfigError for a certificate that can't be used */
export function createOtlpGrpcServer(
  id: string,
  settings: OtlpGrpcSettings,
  { world, exports, budget, httpPort }: OtlpGrpcParts,
): GrpcServer {
  const { listen, listenFlag, tls, messageMaxBytes, maxConcurrentStreams } = settings;
  const { log } = world;
  const { report } = exports;
  return new GrpcServer({
    name: `${id} (OTLP over gRPC)`,
    listen,
    listenFlag,
    log,
    tls: createWebConfig(id, { tls, headers: {} }, log).tls,
    messageMaxBytes,
    maxConcurrentStreams,
    onConnectionRefused: () => report.tellConnectionRefused('grpc'),
    onConnectionFailed: (from, why) => report.tellUnread('grpc', from, why),
    onOtherProtocol: (from, came) => {
      const port = httpPort();
      const where = port === 0 ? 'the receiver has no HTTP' : `OTLP over HTTP is at port ${port}`;
      const cause = `${came} came to the port of gRPC; ${where}`;
      report.tellWrongProtocol('grpc', from, cause);
    },
    handle: (call) => answerCall(call, { exports, budget, messageMaxBytes }),
  });
}

interface Answering {
  readonly exports: OtlpExports;
  readonly budget: ByteBudget;
  readonly messageMaxBytes: number;
}

async function answerCall(
  call: GrpcCall,
  { exports, budget, messageMaxBytes }: Answering,
): Promise<GrpcAnswer> {
  const { path, remoteAddress: from } = call;
  if (path === HEALTH) return { message: SERVING };
  const signal = METHODS.get(path);
  if (signal === undefined) {
    const words =
      path === LOGS
        ? 'logs are not taken; run an OpenTelemetry collector beside this one for logs'
        : `there is no method ${JSON.stringify(path.slice(0, 200))} here`;
    exports.report.tellUnread('grpc', from, words);
    return { status: 'unimplemented', words };
  }
  const share = budget.open();
  try {
    const outcome = await exports.take({ protocol: 'grpc', signal, from }, () =>
      readMessage(call, share, messageMaxBytes),
    );
    return outcome.is === 'taken'
      ? { message: encodeTaken('protobuf', signal, outcome) }
      : answerRefused(outcome.refusal);
  } finally {
    share.release();
  }
}

async function readMessage(call: GrpcCall, share: ByteShare, maxBytes: number): Promise<Buffer> {
  const { isCompressed, message } = await call.message(share.take).catch((error: unknown) => {
    if (!(error instanceof GrpcError)) throw error;
    throw new RefusedRequest({ status: error.status, message: error.message });
  });
  if (!isCompressed) return message;
  const encoding = String(call.headers['grpc-encoding'] ?? 'identity').toLowerCase();
  if (!ENCODINGS.includes(encoding)) {
    const words = `grpc-encoding ${JSON.stringify(encoding)} is not taken; gzip is`;
    throw new RefusedRequest({ status: 'unimplemented', message: words });
  }
  return inflateBody(encoding, message, { maxBytes, onBytes: share.take });
}

/** Says in the details when to try again: clients do not repeat all statuses without them. */
function answerRefused({ status, message, retryAfterMs }: RefusedExport): GrpcAnswer {
  const details =
    retryAfterMs === undefined
      ? undefined
      : encodeStatus(GRPC_STATUS[status], message, retryAfterMs);
  return { status: status as Exclude<GrpcStatusName, 'ok'>, words: message, details };
}
