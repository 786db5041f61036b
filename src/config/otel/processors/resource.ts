/**
 * The processor `resource`: actions on the attributes of resources. `service.name` and
 * `service.instance.id` among them become the labels job and instance.
 * Source: contrib's processor/resourceprocessor/config.go
 */
import * as z from 'zod';
import { resourceActions } from '../../../transforms/attribute-actions.ts';
import { spanResourceActions } from '../../../transforms/spans/attributes.ts';
import { actionsSchema, resolveActions } from './attribute-actions.ts';
import { defineProcessor } from './processor.ts';

const schema = z.strictObject({
  attributes: actionsSchema.describe('What is done to attributes of the resource, in order.'),
});

export const resourceKind = defineProcessor({
  names: ['resource'],
  schema,
  minimal: { attributes: [{ key: 'a', action: 'delete' }] },
  signals: ['metrics', 'traces'],
  resolveSpans: ({ attributes }, { name, at, report }) => {
    const actions = resolveActions(attributes, [...at, 'attributes'], report);
    return actions && [spanResourceActions(name, actions)];
  },
  resolve: ({ attributes }, { at, report }) => {
    const actions = resolveActions(attributes, [...at, 'attributes'], report);
    return actions && [resourceActions(actions)];
  },
});
