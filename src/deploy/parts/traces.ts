/** Traces: the address that applications send to, and the way to it. */
import type { Deployment } from '../schema.ts';
import type { Draft, Reference } from '../template.ts';
import { letIn } from './ingress.ts';

/** UDP for segments, TCP for sampling rules. */
export const SEGMENT_PORT = 2_000;

/** What X-Ray's SDKs of an application are told. */
export function segmentAddress({ name, namespace }: Deployment): string {
  return `${name}-collector.${namespace.name}:${SEGMENT_PORT}`;
}

/** Lets the applications in at the collector's port. */
export function addSegmentRules(
  draft: Draft,
  { collectors, applications }: { collectors: Reference; applications: Reference },
): void {
  for (const protocol of ['udp', 'tcp'] as const)
    letIn(draft, {
      id: `Segments${protocol === 'udp' ? 'Udp' : 'Tcp'}`,
      into: collectors,
      from: applications,
      port: SEGMENT_PORT,
      protocol,
      description: protocol === 'udp' ? 'Segments of X-Ray' : 'Sampling rules of X-Ray',
      why: 'The applications send traces to the collector.',
    });
}
