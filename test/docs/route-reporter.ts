/**
 * Loaded into a command by `--import`: each server of HTTP writes what it serves, as a line of
 * JSON, to the file that ROUTES_FILE names.
 */
import { appendFileSync } from 'node:fs';
import { HttpServer } from '../../src/kernel/http-server.ts';

// oxlint-disable-next-line typescript/unbound-method -- called with its own server
const { start } = HttpServer.prototype;
HttpServer.prototype.start = async function startAndTell(this: HttpServer): Promise<void> {
  await start.call(this);
  const routes = this.routes.map(({ method, path }) => `${method} ${path}`);
  const line = JSON.stringify({ url: this.url, routes });
  appendFileSync(process.env['ROUTES_FILE'] ?? '/dev/null', `${line}\n`);
};
