/**
 * Task state changes, as EventBridge sends them. Pure.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
import type { Task } from '@aws-sdk/client-ecs';
import * as z from 'zod';

const taskEventSchema = z.object({
  'detail-type': z.literal('ECS Task State Change'),
  detail: z.looseObject({
    taskArn: z.string(),
    clusterArn: z.string(),
    version: z.number(),
    lastStatus: z.string(),
    desiredStatus: z.string(),
  }),
});

/**
 * The task of an event; undefined for any other message. Times are left out, because events have
 * them as text. Events may be out of order, so the version of the task decides which is newer.
 */
export function parseTaskEvent(message: unknown): Task | undefined {
  const parsed = taskEventSchema.safeParse(message);
  if (!parsed.success) return undefined;
  const entries = Object.entries(parsed.data.detail).filter(
    ([name]) => !/(?:At|Since)$/.test(name),
  );
  return Object.fromEntries(entries) as Task;
}
