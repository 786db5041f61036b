/**
 * The flag --tls.ca-file of every command that speaks TLS as a client. The certificates that the
 * flag and the environment name are loaded before the command's action runs.
 */
import type { Command } from 'commander';
import { createLogger } from '../kernel/logger.ts';
import { followTrust, TRUST_FLAG } from '../kernel/trust.ts';
import type { LogOptions } from './runner.ts';

export interface TrustOptions {
  readonly 'tls.caFile'?: string;
}

interface TrustFlags extends Partial<LogOptions>, TrustOptions {}

/** Adds the flag alone, for a command that loads the certificates itself. */
export function addTrustOption(command: Command): Command {
  return command.option(
    `${TRUST_FLAG} <file>`,
    'certificate authorities to trust, PEM (default: those of AWS_CA_BUNDLE, SSL_CERT_FILE ' +
      'and SSL_CERT_DIR, else of Node)',
  );
}

/** Adds the flag, and the hook that loads the certificates. */
export function addTrustFlag(command: Command): Command {
  return addTrustOption(command).hook('preAction', (owner, acting) => {
    // Commander calls this hook for subcommands too; each of them has a hook of its own.
    if (owner !== acting) return;
    const flags = acting.opts<TrustFlags>();
    const format = flags['log.format'];
    const log = createLogger({
      level: flags['log.level'] ?? 'warn',
      ...(format === undefined ? {} : { format }),
    });
    followTrust({ file: flags['tls.caFile'], env: process.env }, log);
  });
}
