/**
 * The labels of a series in Prometheus that come from its resource: `job` of the service's name,
 * `instance` of its instance. They replace attributes of these names. Pure.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go
 */
import { labelValue, makeLabelSet } from '../model/labels.ts';
import type { SeriesTransform } from '../model/transform.ts';

export const resourceLabels: SeriesTransform = {
  identity: 'resource_labels',
  apply: (series) => {
    const labels = new Map(series.labels.map(({ name, value }) => [name, value]));
    const service = labelValue(series.resource, 'service.name');
    const namespace = labelValue(series.resource, 'service.namespace');
    if (service !== '') labels.set('job', namespace === '' ? service : `${namespace}/${service}`);
    const instance = labelValue(series.resource, 'service.instance.id');
    if (instance !== '') labels.set('instance', instance);
    return { ...series, labels: makeLabelSet(labels) };
  },
};
