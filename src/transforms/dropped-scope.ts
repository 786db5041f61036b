/**
 * Drops the labels of instrumentation scopes that targets serve (`otel_scope_name` and others), as
 * `disable_scope_info` asks for. Labels of scopes are never made here. Pure.
 * Source: contrib's pkg/translator/prometheusremotewrite/helper.go (createAttributes)
 */
import type { SeriesTransform } from '../model/transform.ts';

const SCOPE = 'otel_scope_';

export const droppedScope: SeriesTransform = {
  identity: 'dropped_scope',
  change: ({ labels }) => {
    const before = labels.size;
    for (const name of labels.keys()) if (name.startsWith(SCOPE)) labels.delete(name);
    return labels.size === before ? 'unchanged' : 'changed';
  },
};
