/**
 * The processor `resource`: actions on the attributes of resources. `service.name` and
 * `service.instance.id` among them become the labels job and instance.
 * Source: contrib's processor/resourceprocessor/config.go
 */
import { z } from 'zod';
import { resourceActions } from '../../../transforms/attribute-actions.ts';
import { actionsSchema, resolveActions } from './attribute-actions.ts';
import { besideFor } from '../components.ts';
import { defineProcessor, UNCHANGED } from './processor.ts';

const schema = z.strictObject({
  attributes: actionsSchema.describe('What is done to attributes of the resource, in order.'),
});

export const resourceKind = defineProcessor({
  names: ['resource'],
  schema,
  minimal: { attributes: [{ key: 'a', action: 'delete' }] },
  inTraces: () => ({
    refused: `${UNCHANGED}: let the sender set annotations and metadata, or ${besideFor('traces')}`,
  }),
  resolve: ({ attributes }, { at, report }) => {
    const actions = resolveActions(attributes, [...at, 'attributes'], report);
    return actions && [resourceActions(actions)];
  },
});
