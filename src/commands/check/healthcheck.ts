/**
 * `amperage check healthcheck`: asks one URL whether it is healthy, for health checks of containers
 * that have neither shell nor curl. A status from 200 to 299 is health; redirects are not followed,
 * and the body is not read. It runs every few seconds beside what it checks, so it stands on Node's
 * own http module and loads nothing of the other checks.
 */
import { Command } from 'commander';
import { ConfigError, describeError, RecoverableError } from '../../kernel/errors.ts';
import { addTrustFlag } from '../trust.ts';

/** Below the 5 s after which ECS gives a health check up, so that the reason is still written. */
const TIMEOUT_MS = 4_000;

interface HealthFlags {
  readonly 'tls.serverName'?: string;
}

export function createCheckHealthcheckCommand(write: (text: string) => void): Command {
  return addTrustFlag(new Command('healthcheck'))
    .description(
      'ask a URL within 4 s: exit status 0 for an answer from 200 to 299, else 1; for health ' +
        'checks of containers without a shell',
    )
    .argument(
      '<url>',
      'such as http://127.0.0.1:9090/-/healthy; user:password@ is sent as basic auth',
    )
    .option('--tls.server-name <name>', 'name of the certificate, where it is not that of the URL')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage check healthcheck http://127.0.0.1:9090/-/healthy\n' +
        '  amperage check healthcheck https://127.0.0.1:9090/-/ready --tls.server-name ' +
        'metrics.internal\n',
    )
    .action(async (text: string, flags: HealthFlags) => {
      const url = readUrl(text);
      const shown = `${url.origin}${url.pathname}`;
      const status = await ask(url, flags['tls.serverName']).catch((error: unknown) => {
        throw new RecoverableError('UNHEALTHY', `${shown}: ${describeError(error)}`);
      });
      if (status < 200 || status > 299)
        throw new RecoverableError('UNHEALTHY', `${shown} answers ${status}`);
      write(`${shown} answers ${status}\n`);
    });
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  // It is not shown: it may have a password.
  throw new ConfigError(
    'USAGE',
    'the argument of healthcheck is no http:// or https:// URL; write for example ' +
      'http://127.0.0.1:9090/-/healthy',
  );
}

/** The status of the answer. Rejects when there is none within the time. */
async function ask(url: URL, serverName: string | undefined): Promise<number> {
  const { request } =
    url.protocol === 'https:'
      ? process.getBuiltinModule('node:https')
      : process.getBuiltinModule('node:http');
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const tls = serverName === undefined ? {} : { servername: serverName };
  return await new Promise<number>((resolve, reject) => {
    const outgoing = request(url, { agent: false, signal: timeout, ...tls }, (answer) => {
      resolve(answer.statusCode ?? 0);
      answer.destroy();
    });
    outgoing.once('error', (error) => {
      reject(timeout.aborted ? new Error(`no answer within ${TIMEOUT_MS} ms`) : error);
    });
    outgoing.end();
  });
}
