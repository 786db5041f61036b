/**
 * Stands in for undici in the bundle: what kernel and proxy use of it. The whole library also loads
 * its fetch, caches and mocks, which are 5 MB more in each process that sends a request.
 */
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js';
export { default as buildConnector } from 'undici/lib/core/connect.js';
