/** What the actions of CloudFormation stand on. */
import type { ObjectStore } from '../s3.ts';
import type { CallContext } from '../service.ts';
import type { CloudFormationState } from './state.ts';

export interface CloudFormationEdges {
  readonly state: CloudFormationState;
  /** Where templates are read that a call names by URL. */
  readonly objects: ObjectStore;
  /** Whether a caller may read the object of this ARN. */
  readonly mayRead: (call: CallContext, arn: string) => boolean;
  /** The URL of the emulator. */
  readonly urlOf: () => string;
}
