/** What the actions of CloudFormation stand on. */
import type { ObjectStore } from '../s3.ts';
import type { CloudFormationState } from './state.ts';

export interface CloudFormationEdges {
  readonly state: CloudFormationState;
  /** Where templates are read that a call names by URL. */
  readonly objects: ObjectStore;
  /** The URL of the emulator. */
  readonly urlOf: () => string;
}
