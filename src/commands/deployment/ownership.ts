/** Whether a stack is a deployment of Amperage's, or has only the name that was given. */
import type { Stack } from '@aws-sdk/client-cloudformation';
import { MADE_BY } from '../../deploy/cloudformation/render.ts';
import type { Run } from './target.ts';

/** By this tag all that a deployment made is found; its value is the deployment's name. */
export const DEPLOYMENT_TAG = 'amperage:deployment';

/** Of a stack that neither `deploy` made nor a template of `generate cloudformation`. */
export function tellForeign({ api, terminal }: Run, stack: Stack): void {
  const isTagged = stack.Tags?.some(({ Key }) => Key === DEPLOYMENT_TAG) === true;
  if (isTagged || stack.Description?.endsWith(MADE_BY) === true) return;
  terminal.tell(
    `! the stack ${api.name} is not one that Amperage made: it lacks the tag ${DEPLOYMENT_TAG}; ` +
      'see whether it is the one that is meant',
  );
}
