/** Why a server cannot listen at its address, and what to change. */
import { ConfigError } from './errors.ts';

export interface FailedListening {
  /** What wanted to listen. */
  readonly name: string;
  readonly listen: string;
  /** The flag that gives the address; --web.listen-address by default. */
  readonly listenFlag?: string | undefined;
  /** A file descriptor that should listen already. */
  readonly listenFd?: number | undefined;
}

export function describeListenError(
  error: NodeJS.ErrnoException,
  options: FailedListening,
): ConfigError {
  const flag = options.listenFlag ?? '--web.listen-address';
  if (options.listenFd !== undefined) {
    return new ConfigError(
      'LISTEN_FAILED',
      `${options.name}: file descriptor ${options.listenFd} is no socket to listen on; give the ` +
        'socket unit ListenStream=, or --web.listen-address instead of --web.systemd-socket',
      { cause: error },
    );
  }
  if (error.code === 'EADDRINUSE') {
    return new ConfigError(
      'PORT_IN_USE',
      `${options.name}: ${options.listen} is in use by another process; stop it or choose ` +
        `another address with ${flag}`,
      { cause: error },
    );
  }
  if (error.code === 'EACCES') {
    return new ConfigError(
      'PORT_FORBIDDEN',
      `${options.name}: may not listen on ${options.listen}; choose a port above 1023 with ${flag}`,
      { cause: error },
    );
  }
  return new ConfigError(
    'LISTEN_FAILED',
    `${options.name}: cannot listen on ${options.listen}; give ${flag} an address of this machine`,
    { cause: error },
  );
}
