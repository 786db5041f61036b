/**
 * The labels of a series in Prometheus that come from its resource: `job` of the service's name,
 * `instance` of its instance. They replace attributes of these names. Pure.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go
 */
import type { SeriesTransform } from '../model/transform.ts';

export const resourceLabels: SeriesTransform = {
  identity: 'resource_labels',
  change: ({ labels, resource }) => {
    const service = resource.get('service.name') ?? '';
    const namespace = resource.get('service.namespace') ?? '';
    if (service !== '') labels.set('job', namespace === '' ? service : `${namespace}/${service}`);
    const instance = resource.get('service.instance.id') ?? '';
    if (instance !== '') labels.set('instance', instance);
    return 'changed';
  },
};
