/**
 * Loaded into a command before its own code (`--import`): connections by TLS to port 443 of any
 * name go to the port of the loopback that TEST_TLS_PORT names. Certificates are checked as ever.
 */
import { syncBuiltinESMExports } from 'node:module';
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls';

const { connect } = tls;

function connectDiverted(options: ConnectionOptions, ...rest: unknown[]): TLSSocket {
  const isDiverted = Number(options.port) === 443;
  const place = isDiverted ? { host: '127.0.0.1', port: Number(process.env['TEST_TLS_PORT']) } : {};
  return Reflect.apply(connect, tls, [{ ...options, ...place }, ...rest]) as TLSSocket;
}

Object.assign(tls, { connect: connectDiverted });
syncBuiltinESMExports();
