/**
 * How clients of the SDK send requests: by Node's agents, with Node's support for proxies. Names
 * that lead to metadata addresses are refused (guarded-requests.ts: what is known before DNS).
 * Files of certificates are read again for each new connection.
 * Source: https://nodejs.org/api/http.html#built-in-proxy-support
 */
import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import type { HttpClientOptions } from '../kernel/http-client.ts';
import { type HttpConnection, secureOptions, type TlsSettings } from '../kernel/http-connection.ts';
import { guardedLookup } from '../kernel/metadata-addresses.ts';
import { chooseProxies, type ProxyChoice } from '../kernel/proxy-choice.ts';
import { isSocksUrl } from '../kernel/socks5.ts';

/** The same number as the SDK's default agents. */
const SOCKETS_MAX = 50;

interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

type HandlerLimits = Omit<NodeHttpHandlerOptions, 'httpAgent' | 'httpsAgent'>;

/**
 * Each client gets a handler with agents of its own, and destroys it when it is destroyed.
 *
 * @param resolve  for tests: how names become addresses
 * @throws Error for a proxy URL that is none, also one of the environment, or of SOCKS5
 */
export function createRequestHandler(
  limits: HandlerLimits,
  { tls, proxy }: Partial<HttpConnection> = {},
  resolve?: HttpClientOptions['resolve'],
): NodeHttpHandler {
  if (isSocksUrl(proxy?.url ?? '')) throw new Error('AWS is not called through SOCKS5');
  const make = (proxyEnv?: NodeJS.ProcessEnv): NodeHttpHandlerOptions => ({
    ...limits,
    ...createAgents(
      {
        keepAlive: true,
        lookup: guardedLookup(resolve),
        maxSockets: SOCKETS_MAX,
        ...(proxyEnv === undefined ? {} : { proxyEnv }),
      },
      tls,
    ),
  });
  if (proxy === undefined) return new NodeHttpHandler(make());
  const choice = chooseProxies(proxy);
  const { http, https } = choice;
  const through = new NodeHttpHandler(make({ HTTP_PROXY: http, HTTPS_PROXY: https }));
  return new ChoosingHandler(make(), through, choice);
}

/** Node's agents read lists of exceptions in a way of their own, so each request is chosen for. */
class ChoosingHandler extends NodeHttpHandler {
  readonly #through: NodeHttpHandler;
  readonly #choice: ProxyChoice;

  constructor(straight: NodeHttpHandlerOptions, through: NodeHttpHandler, choice: ProxyChoice) {
    super(straight);
    this.#through = through;
    this.#choice = choice;
  }

  override handle(...given: Parameters<NodeHttpHandler['handle']>) {
    const [{ protocol, hostname, port }] = given;
    const url = new URL(`${protocol}//${hostname}`);
    if (port !== undefined) url.port = String(port);
    return this.#choice.of(url) === undefined
      ? super.handle(...given)
      : this.#through.handle(...given);
  }

  override destroy(): void {
    super.destroy();
    this.#through.destroy();
  }
}

function createAgents(options: AgentOptions, tls: TlsSettings | undefined): Agents {
  const httpsAgent = new HttpsAgent(options);
  if (tls !== undefined) {
    const connect = httpsAgent.createConnection.bind(httpsAgent);
    httpsAgent.createConnection = (given, done) => {
      try {
        return connect({ ...given, ...secureOptions(tls) }, done);
      } catch (error) {
        // A file that cannot be read fails this request only.
        done?.(error as Error, undefined as never);
        return undefined;
      }
    };
  }
  return { httpAgent: new HttpAgent(options), httpsAgent };
}
