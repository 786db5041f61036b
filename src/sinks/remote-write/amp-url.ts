/**
 * What an entry for Amazon Managed Service for Prometheus lacks: AMP answers it with 403 or 404
 * only when the first samples are sent.
 * Source:
 * https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-onboard-ingest-metrics-remote-write.html
 */
import { isAwsHost, scopeOfHost } from '../../aws/endpoints.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';

export interface AmpSigning {
  readonly sigv4: { readonly region: string } | undefined;
  /** Whether the request has an Authorization of another kind. */
  readonly hasOther: boolean;
}

/** Warns of a URL, a region or a missing signature that AMP will refuse. */
export function noteAmpFaults(
  url: string,
  { sigv4, hasOther }: AmpSigning,
  path: ConfigPath,
  report: Reporter,
): void {
  const { protocol, host, hostname, pathname } = new URL(url);
  const scope = scopeOfHost(host);
  if (scope === undefined && isAwsHost(hostname) && hostname.startsWith('aps-workspaces.'))
    report.warn(
      [...path, 'url'],
      `"${hostname}" names no region of AWS; AMP is at aps-workspaces.REGION.amazonaws.com, with ` +
        'a region such as us-east-1',
    );
  if (scope?.service !== 'aps') return;
  if (protocol === 'http:')
    report.warn([...path, 'url'], 'AMP is reached by https alone; write https:// before the host');
  if (!/^\/workspaces\/[^/]+\/api\/v1\/remote_write$/.test(pathname))
    report.warn(
      [...path, 'url'],
      'AMP takes samples at /workspaces/ID/api/v1/remote_write and nowhere else, not at ' +
        pathname,
    );
  if (sigv4 === undefined && !hasOther)
    report.warn(path, 'AMP takes signed requests only; add sigv4, "sigv4: {}" will do');
  if (sigv4 !== undefined && sigv4.region !== scope.region)
    report.warn(
      [...path, 'sigv4', 'region'],
      `the workspace is in ${scope.region}, as its url says; AMP refuses what is signed for ` +
        sigv4.region,
    );
}
