/**
 * The labels of a series in Prometheus that come from its resource: `job` of the service's name,
 * `instance` of its instance. They replace attributes of these names. Pure.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go
 */
import type { SeriesTransform } from '../model/transform.ts';

export const resourceLabels: SeriesTransform = {
  identity: 'resource_labels',
  change: (series) => {
    const { labels } = series;
    const service = series.resourceValue('service.name');
    const namespace = series.resourceValue('service.namespace');
    if (service !== '') labels.set('job', namespace === '' ? service : `${namespace}/${service}`);
    const instance = series.resourceValue('service.instance.id');
    if (instance !== '') labels.set('instance', instance);
    return 'changed';
  },
};
