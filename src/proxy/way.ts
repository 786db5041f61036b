/**
 * Decides where a request goes and what it is signed for: its route, upstream and path. Connects to
 * nothing.
 */
import type { IncomingMessage } from 'node:http';
import { isAwsHost, scopeOfHost } from '../aws/endpoints.ts';
import type { WireScope } from '../aws/wire-signing.ts';
import { HttpError } from '../kernel/http-error.ts';
import { isMetadataAddress } from '../kernel/metadata-addresses.ts';
import type { ProxyConfig, ProxyRoute } from './config.ts';
import { removePresignature } from '../aws/replaced-signature.ts';

export interface Way {
  readonly route: ProxyRoute;
  /** Scheme, host and port to connect to. */
  readonly origin: string;
  /** The Host header that is sent and signed. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly scope: WireScope;
}

/** A request to a forward proxy has a whole URL as its target. */
const ABSOLUTE = /^(https?):\/\/([^/?#]+)([^#]*)$/i;

/**
 * Whether the proxy itself has to answer: OPTIONS that must not be forwarded.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#name-max-forwards
 */
export function isForUs({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'OPTIONS' && headers['max-forwards'] === '0';
}

/** @throws HttpError where no route matches, or the upstream must not be asked */
export function chooseUpstream(
  incoming: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  config: ProxyConfig,
  defaultRegion: string | undefined,
): Way {
  const target = incoming.url ?? '/';
  if (incoming.method === 'TRACE')
    throw new HttpError(
      405,
      'TRACE would reveal the signature and is not sent on; use another method',
    );
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null && !target.startsWith('/'))
    throw new HttpError(
      400,
      `the target ${target.slice(0, 100)} is neither a path nor an http:// or https:// URL`,
    );
  if (absolute?.[2]?.includes('@') === true)
    throw new HttpError(
      400,
      'the URL holds a name or password before its host; leave them out, requests are signed',
    );
  const named = (absolute?.[2] ?? incoming.headers.host ?? '').toLowerCase();
  const local = absolute === null ? target : (absolute[3] ?? '').replace(/^(?!\/)/, '/');
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  const route = findRoute(config.routes, named.replace(/:\d+$/, ''), path);
  if (route === undefined)
    throw new HttpError(404, `no route for ${named}${path}; see the routes of --config.file`);
  const given = route.upstream ?? named;
  if (given === '') throw new HttpError(400, 'the request names no host, and --host is not set');
  const url = /^https?:\/\//i.test(given) ? given : `${config.upstreamScheme}://${given}`;
  if (!URL.canParse(url)) throw new HttpError(400, `${given} is not a host`);
  const { protocol, host, hostname } = new URL(url);
  if (isMetadataAddress(hostname.replace(/^\[|\]$/g, '')))
    throw new HttpError(
      403,
      `${host} gives out credentials of this machine; requests to it are refused`,
    );
  if (route.unsignedPayload && protocol === 'http:' && !isLoopback(hostname))
    throw new HttpError(
      502,
      `a payload that is not signed must go over TLS; use --upstream-url-scheme https for ${host}`,
    );
  return {
    route,
    origin: `${protocol}//${host}`,
    host: route.signHost ?? host,
    path: stripPrefix(route, path),
    query: mark < 0 ? '' : removePresignature(local.slice(mark + 1)),
    scope: chooseScope(route, host, defaultRegion),
  };
}

/**
 * Whether the proxy is to sign for a name of a Host header. Where it leads to the host of that name
 * itself, a page that has led the name here gets nothing; where an upstream is set, it would be
 * asked with our rights.
 *
 * @param host  without port, in lower case
 */
export function isSignedFor(host: string, { routes }: ProxyConfig): boolean {
  const isNamed = ({ host: own, upstream = '' }: ProxyRoute): boolean =>
    own?.toLowerCase() === host ||
    upstream
      .replace(/^https?:\/\//i, '')
      .replace(/[:/].*$/s, '')
      .toLowerCase() === host;
  return (
    isAwsHost(host) ||
    routes.every(({ upstream }) => upstream === undefined) ||
    routes.some(isNamed)
  );
}

/** Finds the first route that matches. @param host  without port, in lower case */
function findRoute(
  routes: readonly ProxyRoute[],
  host: string,
  path: string,
): ProxyRoute | undefined {
  return routes.find(
    (route) =>
      (route.host === undefined || route.host === host) &&
      (route.path === undefined || isBelow(path, route.path)),
  );
}

/**
 * Whether a path is a prefix or below it, compared in whole segments.
 *
 * @throws  HttpError 400 for a path with dot segments, which could leave the prefix
 */
function isBelow(path: string, prefix: string): boolean {
  const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
  if (path !== prefix && !path.startsWith(folder)) return false;
  if (path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)))
    throw new HttpError(400, `${path} holds dot segments, which could leave the route's ${prefix}`);
  return true;
}

function stripPrefix({ path: prefix, stripPath }: ProxyRoute, path: string): string {
  if (!stripPath || prefix === undefined) return path;
  return path.slice(prefix.length).replace(/^(?!\/)/, '/');
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

function chooseScope(
  route: ProxyRoute,
  host: string,
  defaultRegion: string | undefined,
): WireScope {
  const found = scopeOfHost(host);
  const service = route.service ?? found?.service;
  const region = route.region ?? found?.region ?? defaultRegion ?? route.regionSet;
  if (service === undefined)
    throw new HttpError(502, `${host} does not name its service; set --name`);
  if (region === undefined)
    throw new HttpError(502, `${host} does not name its region; set --region`);
  return { service, region, regionSet: route.regionSet };
}
