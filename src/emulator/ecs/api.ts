/**
 * The ECS calls that discovery and deployments make: AWS's forms of answers, list pages, batch
 * limits and error codes.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
 */
import type { JsonService } from '../service.ts';
import { createEcsAccess } from './access.ts';
import { clusterActions } from './cluster-actions.ts';
import { definitionActions } from './definition-actions.ts';
import { ecsServiceActions, type EcsParts } from './service-actions.ts';
import { tagActions } from './tags.ts';
import { taskActions } from './task-actions.ts';

export function createEcs(parts: EcsParts): JsonService {
  const { state, providers } = parts;
  return {
    signingName: 'ecs',
    target: 'AmazonEC2ContainerServiceV20141113',
    access: createEcsAccess(state),
    actions: {
      ...clusterActions(state, providers),
      ...definitionActions(state),
      ...taskActions(state, providers),
      ...ecsServiceActions(parts),
      ...tagActions(parts),
    },
  };
}
