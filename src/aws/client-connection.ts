/**
 * How clients of the SDK send requests: by Node's agents, with Node's support for proxies. Names
 * that lead to metadata addresses are refused (guarded-requests.ts: what is known before DNS).
 * Files of certificates are read again for each new connection.
 * Source: https://nodejs.org/api/http.html#built-in-proxy-support
 */
import type { Agent as HttpAgent, AgentOptions } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { createRequire } from 'node:module';
import type { NodeHttpHandler, NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import type { HttpClientOptions } from '../kernel/http-client.ts';
import { type HttpConnection, secureOptions, type TlsSettings } from '../kernel/http-connection.ts';
import { guardedLookup } from '../kernel/metadata-addresses.ts';
import { chooseProxies, type ProxyChoice } from '../kernel/proxy-choice.ts';
import { isSocksUrl } from '../kernel/socks5.ts';

// The SDK's handler is loaded with the first client, by a call that does not wait: a process
// without AWS need not hold it and HTTP/2, which it loads.
const loadNow = createRequire(import.meta.url);
let handlers: Handlers | undefined;

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
  handlers ??= loadHandlers();
  if (proxy === undefined) return new handlers.Plain(make());
  const choice = chooseProxies(proxy);
  const { http, https } = choice;
  const through = new handlers.Plain(make({ HTTP_PROXY: http, HTTPS_PROXY: https }));
  return new handlers.Choosing(make(), through, choice);
}

interface Handlers {
  readonly Plain: typeof NodeHttpHandler;
  readonly Choosing: new (
    straight: NodeHttpHandlerOptions,
    through: NodeHttpHandler,
    choice: ProxyChoice,
  ) => NodeHttpHandler;
}

function loadHandlers(): Handlers {
  const { NodeHttpHandler: Plain } = loadNow('@smithy/node-http-handler') as {
    readonly NodeHttpHandler: typeof NodeHttpHandler;
  };
  // Node's agents read lists of exceptions in a way of their own, so each request is chosen for.
  class ChoosingHandler extends Plain {
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
  return { Plain, Choosing: ChoosingHandler };
}

function createAgents(options: AgentOptions, tls: TlsSettings | undefined): Agents {
  const httpsAgent = new (process.getBuiltinModule('node:https').Agent)(options);
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
  return { httpAgent: new (process.getBuiltinModule('node:http').Agent)(options), httpsAgent };
}
