/**
 * State changes of EC2 instances, as EventBridge sends them. Only the id is read of an event: what
 * has become of the instance is asked for. Pure.
 * Source:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html
 */
import * as z from 'zod';

const instanceEventSchema = z.object({
  'detail-type': z.literal('EC2 Instance State-change Notification'),
  detail: z.looseObject({ 'instance-id': z.string().regex(/^i-[0-9a-f]{1,32}$/) }),
});

/** The id of the instance of an event; undefined for any other message. */
export function parseInstanceEvent(message: unknown): string | undefined {
  const parsed = instanceEventSchema.safeParse(message);
  return parsed.success ? parsed.data.detail['instance-id'] : undefined;
}
