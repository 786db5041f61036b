/**
 * The listening sockets that systemd passes to a service (sd_listen_fds): file descriptors from 3
 * on, as many as LISTEN_FDS says, for the process that LISTEN_PID names. Pure.
 * Source: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
 */
import { ConfigError } from './errors.ts';

const FIRST = 3;
/** More are a slip: a socket unit names each of its sockets. */
const SOCKETS_MAX = 64;

/** @throws ConfigError FLAG_VALUE where no socket is passed to this process */
export function passedSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly number[] {
  const { LISTEN_FDS: count = '', LISTEN_PID: owner = '' } = environment;
  if (count === '' || owner === '') throw refuse('LISTEN_FDS and LISTEN_PID are not both set');
  if (owner !== String(pid))
    throw refuse(`LISTEN_PID "${owner}" is another process; this one is ${pid}`);
  const sockets = /^\d{1,3}$/.test(count) ? Number(count) : 0;
  if (sockets === 0 || sockets > SOCKETS_MAX)
    throw refuse(`LISTEN_FDS "${count}" is not a number from 1 to ${SOCKETS_MAX}`);
  return Array.from({ length: sockets }, (_, index) => FIRST + index);
}

function refuse(why: string): ConfigError {
  return new ConfigError(
    'FLAG_VALUE',
    `--web.systemd-socket: no socket is passed: ${why}; start it by a socket unit of systemd, ` +
      'or give --web.listen-address instead',
  );
}
