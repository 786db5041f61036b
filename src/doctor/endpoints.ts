/**
 * Whether each endpoint can be reached as the collector would reach it: its proxy, its TLS
 * settings. Any answer counts; what it says is for other checks.
 */
import { chooseProxies } from '../kernel/proxy-choice.ts';
import { publicUrl } from '../sinks/remote-write/metrics.ts';
import { defineCheck } from './check.ts';
import { type ConnectionFault, describeBriefly, judgeConnection } from './faults.ts';
import type { Use } from './uses.ts';

const TIMEOUT_MS = 5_000;

type Ids =
  | 'endpoint-refused'
  | 'endpoint-timeout'
  | 'endpoint-tls-name'
  | 'endpoint-tls-trust'
  | 'endpoint-tls'
  | 'endpoint-failed';

const IDS: Readonly<Record<ConnectionFault, Ids | undefined>> = {
  refused: 'endpoint-refused',
  timeout: 'endpoint-timeout',
  'no-route': 'endpoint-timeout',
  'tls-name': 'endpoint-tls-name',
  'tls-trust': 'endpoint-tls-trust',
  'tls-expired': 'endpoint-tls',
  tls: 'endpoint-tls',
  reset: 'endpoint-failed',
  other: 'endpoint-failed',
  // The check of names tells these.
  unresolved: undefined,
  resolver: undefined,
};

export const endpointsCheck = defineCheck({
  id: 'endpoints',
  looksAt: 'whether each endpoint can be reached: TCP, TLS, proxy',
  timeoutMs: 20_000,
  kinds: {
    'endpoint-refused': {
      severity: 'error',
      means: 'The machine is there, and nothing listens at the port.',
      remedy: 'Correct host and port, or start what should listen there.',
      page: 'remote-write.md',
    },
    'endpoint-timeout': {
      severity: 'error',
      means: 'Nothing answers, not even with a refusal: a firewall, or no way there.',
      remedy:
        'Let the security group of the task send to port 443; in a private subnet there has ' +
        'to be a NAT gateway or a VPC endpoint of the service (AMP: aps-workspaces), whose ' +
        'security group lets the task in.',
      page: 'how-to/fargate-to-amp.md',
    },
    'endpoint-tls-name': {
      severity: 'error',
      means: 'The certificate is of another name than the one that was asked for.',
      remedy:
        'Write the name that is in the certificate into the URL, or as tls_config.server_name.',
      page: 'tls.md',
    },
    'endpoint-tls-trust': {
      severity: 'error',
      means: 'The certificate is of an authority that is not trusted here, often that of a proxy.',
      remedy: 'Give the authority: tls_config.ca_file, --tls.ca-file or AWS_CA_BUNDLE.',
      page: 'tls.md',
    },
    'endpoint-tls': {
      severity: 'error',
      means: 'TLS fails: a certificate that has expired, or no TLS at that port.',
      remedy: 'Write http:// where there is no TLS; renew a certificate that has ended.',
      page: 'tls.md',
    },
    'endpoint-failed': {
      severity: 'error',
      means: 'The connection is closed before an answer.',
      remedy: 'See the log of the other side, and of a proxy between.',
      page: 'remote-write.md',
    },
  },
  async look({ uses, asking }, tell, signal) {
    const asked = new Map<string, Use>();
    for (const use of uses) {
      const url = await asking.urlOf(use).catch(() => '');
      const key = URL.canParse(url) ? `${new URL(url).origin} ${use.connection?.key ?? ''}` : '';
      if (key !== '' && !asked.has(key)) asked.set(key, { ...use, url });
    }
    if (asked.size === 0) tell.skipped('no endpoint is used');
    await Promise.all(
      [...asked.values()].map(async ({ what, where, url = '', connection }) => {
        const { origin, host } = new URL(url);
        const proxy = connection?.proxy && chooseProxies(connection.proxy).of(new URL(url));
        const by = proxy === undefined ? '' : ` by proxy ${new URL(proxy).host}`;
        try {
          const { status } = await asking.client(connection).send({
            method: 'GET',
            url: `${origin}/`,
            timeoutMs: TIMEOUT_MS,
            bodyMaxBytes: 1_048_576,
            signal,
          });
          if (proxy !== undefined && status === 407)
            throw new Error(`the proxy answered ${status}`);
          tell.ok(`${publicUrl(origin)} (${what})${by}: reached`);
        } catch (error) {
          const id = IDS[judgeConnection(error)];
          if (id !== undefined)
            tell.found(id, {
              what: `${host} (${what})${by} is not reached`,
              where,
              evidence: [describeBriefly(error)],
            });
        }
      }),
    );
  },
});
