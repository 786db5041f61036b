/** The schemas of a collector configuration that tell which of its values are secret. */
export { collectorSchema } from './document.ts';
export { findKind } from './kinds.ts';
export { receiverConfigSchema, receiverSchema } from './receivers.ts';
