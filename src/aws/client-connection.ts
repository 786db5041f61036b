/**
 * The agents that clients of the SDK connect by where they are given TLS settings or a proxy of
 * their own: Node's, with its own tunnel through proxies. Files of certificates are read again for
 * each new connection.
 * Source: https://nodejs.org/api/http.html#built-in-proxy-support
 */
import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  type HttpConnection,
  type ProxySettings,
  secureOptions,
} from '../kernel/http-connection.ts';

export interface ConnectionAgents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** As many as the SDK's own agents have. */
const SOCKETS_MAX = 50;

/**
 * Made anew for each client, which ends them with itself.
 *
 * @throws Error for the URL of a proxy that is none
 */
export function createAgents({ tls, proxy }: HttpConnection): ConnectionAgents {
  const options: AgentOptions = {
    keepAlive: true,
    maxSockets: SOCKETS_MAX,
    ...(proxy === undefined ? {} : { proxyEnv: proxyEnvironment(proxy) }),
  };
  const httpsAgent = new HttpsAgent(options);
  if (tls !== undefined) {
    const connect = httpsAgent.createConnection.bind(httpsAgent);
    httpsAgent.createConnection = (given, done) => {
      try {
        return connect({ ...given, ...secureOptions(tls) }, done);
      } catch (error) {
        // A file that can't be read ends this request alone.
        done?.(error as Error, undefined as never);
        return undefined;
      }
    };
  }
  return { httpAgent: new HttpAgent(options), httpsAgent };
}

/** The variables that the proxy would stand in. */
function proxyEnvironment({ url, noProxy }: ProxySettings): NodeJS.ProcessEnv {
  if (url === undefined) return process.env;
  return { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: withSubdomains(noProxy ?? '') };
}

/** A name is one for its subdomains too, as Go has it; Node wants those said. */
function withSubdomains(noProxy: string): string {
  return noProxy
    .split(',')
    .map((entry) => entry.trim())
    .flatMap((entry) => (/^[a-z]/i.test(entry) ? [entry, `.${entry}`] : [entry]))
    .join();
}
