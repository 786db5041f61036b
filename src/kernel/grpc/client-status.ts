/**
 * The status of a call as a client reads it: of the trailers of gRPC, or of an answer that is none
 * of gRPC, such as that of a proxy. Pure.
 * Source: https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
import { GRPC_STATUS, type GrpcStatusName } from './status.ts';

const NAMES = new Map(
  Object.entries(GRPC_STATUS).map(([name, code]) => [String(code), name as GrpcStatusName]),
);

/** `unknown` for what is the number of no status. */
export function parseGrpcStatus(text: string): GrpcStatusName {
  return NAMES.get(text) ?? 'unknown';
}

/**
 * What an HTTP status stands for where there is none of gRPC. Redirects, and a refusal of the
 * method or the content, come of what is no server of gRPC: `unimplemented`, where gRPC's own table
 * says `unknown`, since another endpoint mends them.
 */
export function translateHttpStatus(status: number): GrpcStatusName {
  if (status >= 300 && status < 400) return 'unimplemented';
  switch (status) {
    case 400:
      return 'internal';
    case 401:
      return 'unauthenticated';
    case 403:
      return 'permissionDenied';
    case 404:
    case 405:
    case 415:
      return 'unimplemented';
    case 429:
    case 502:
    case 503:
    case 504:
      return 'unavailable';
    default:
      return 'unknown';
  }
}

/** As gRPC writes it: `RESOURCE_EXHAUSTED`. */
export function formatGrpcStatus(name: GrpcStatusName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
