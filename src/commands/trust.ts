/**
 * The flag of every command that speaks TLS as a client, and what it and the environment name,
 * taken before the command does anything.
 */
import type { Command } from 'commander';
import { createLogger } from '../kernel/logger.ts';
import { followTrust, TRUST_FLAG } from '../kernel/trust.ts';
import type { LogOptions } from './runner.ts';

interface TrustFlags extends Partial<LogOptions> {
  readonly 'tls.caFile'?: string;
}

/** Adds the flag. A command without it speaks no TLS as a client. */
export function withTrust(command: Command): Command {
  return command
    .option(
      `${TRUST_FLAG} <file>`,
      'certificate authorities to trust, PEM (default: those of AWS_CA_BUNDLE, SSL_CERT_FILE ' +
        'and SSL_CERT_DIR, else of Node)',
    )
    .hook('preAction', (owner, acting) => {
      // A hook is called for subcommands too, which have one of their own.
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
