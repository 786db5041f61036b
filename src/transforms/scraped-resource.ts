/**
 * What a scraped series has as its resource in an OpenTelemetry collector: `job` and `instance`
 * become attributes of the resource, and are labels no more. Pure.
 * Source: contrib's receiver/prometheusreceiver/internal/prom_to_otlp.go
 */
import { labelValue, makeLabelSet } from '../model/labels.ts';
import type { SeriesTransform } from '../model/transform.ts';

/** The transform; `url.scheme` comes with the target. */
export const scrapedResource: SeriesTransform = {
  identity: 'scraped_resource',
  apply: (series) => {
    const instance = labelValue(series.labels, 'instance');
    const { host, port } = splitInstance(instance);
    const attributes = new Map(series.resource.map(({ name, value }) => [name, value]));
    attributes.set('service.name', labelValue(series.labels, 'job'));
    attributes.set('service.instance.id', instance);
    attributes.set('server.address', THIS_HOST.test(host) ? '' : host);
    attributes.set('server.port', port);
    return {
      ...series,
      labels: series.labels.filter(({ name }) => name !== 'job' && name !== 'instance'),
      resource: makeLabelSet(attributes),
    };
  },
};

/** As Go's net.SplitHostPort; what it refuses is a host without a port. */
function splitInstance(instance: string): { readonly host: string; readonly port: string } {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(instance) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? { host: instance, port: '' } : { host, port };
}

const THIS_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1?)$/;
