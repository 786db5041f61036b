/**
 * What a scraped series has as its resource in an OpenTelemetry collector: `job` and `instance`
 * become attributes of the resource, and are labels no more. Pure.
 * Source: contrib's receiver/prometheusreceiver/internal/prom_to_otlp.go
 */
import type { SeriesTransform } from '../model/transform.ts';

/** The transform; `url.scheme` comes with the target. */
export const scrapedResource: SeriesTransform = {
  identity: 'scraped_resource',
  change: ({ labels, resource }) => {
    const instance = labels.get('instance') ?? '';
    const { host, port } = splitInstance(instance);
    resource.set('service.name', labels.get('job') ?? '');
    resource.set('service.instance.id', instance);
    resource.set('server.address', THIS_HOST.test(host) ? '' : host);
    resource.set('server.port', port);
    labels.delete('job');
    labels.delete('instance');
    return 'changed';
  },
};

/** As Go's net.SplitHostPort; what it refuses is a host without a port. */
function splitInstance(instance: string): { readonly host: string; readonly port: string } {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(instance) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? { host: instance, port: '' } : { host, port };
}

const THIS_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1?)$/;
