/**
 * What a service does next: the one task that it starts or stops so that at least its share of
 * healthy tasks runs, and no more than its share of all. Pure.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
import type { EcsDeployment, EcsService, Task } from './shapes.ts';

export interface ServiceView {
  readonly service: EcsService;
  readonly desired: number;
  /** Those that have not stopped. */
  readonly tasks: readonly Task[];
  /** Whether a task is on an instance that drains. */
  readonly isLeaving: (task: Task) => boolean;
  readonly isHealthy: (task: Task) => boolean;
}

export type ServiceStep =
  | { readonly kind: 'start' | 'wait' | 'done' }
  | { readonly kind: 'stop'; readonly task: Task };

export function planStep(view: ServiceView, primary: EcsDeployment): ServiceStep {
  const { service, desired, tasks, isLeaving, isHealthy } = view;
  const { minimumHealthyPercent, maximumPercent } = service.deploymentConfiguration;
  const least = Math.ceil((desired * minimumHealthyPercent) / 100);
  const most = Math.floor((desired * maximumPercent) / 100);
  const wanted = tasks.filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
  const isCurrent = (task: Task): boolean => task.startedBy === primary.id && !isLeaving(task);
  const current = wanted.filter(isCurrent);
  const old = wanted.filter((task) => !isCurrent(task));
  const healthy = wanted.filter(isHealthy);
  // Tasks that do not run yet are the first to go, then the oldest.
  const excess = current.find((task) => !isHealthy(task)) ?? current[0];
  if (current.length > desired && excess !== undefined) return { kind: 'stop', task: excess };
  // Where the share of all leaves no room (100 %), an old one goes first.
  const idle = old.find((task) => !isHealthy(task));
  if (idle !== undefined) return { kind: 'stop', task: idle };
  if (current.length < desired && tasks.length < most) return { kind: 'start' };
  const [oldest] = old;
  if (oldest !== undefined && healthy.length > least) return { kind: 'stop', task: oldest };
  const isDone = tasks.length === desired && current.length === desired && current.every(isHealthy);
  return { kind: isDone ? 'done' : 'wait' };
}
