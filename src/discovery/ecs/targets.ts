/**
 * Makes the scrape targets of a task from what is known of it, and a reason for every container
 * that is not a target. Pure: the same verdicts feed the target groups, the metrics and the
 * explanations.
 */
import type { TargetGroup } from '../../model/target.ts';
import { type NoTarget, findAddress } from './address.ts';
import { idOfArn, type TaskFacts } from './facts.ts';
import { defaultPathOf, makeProfileLabels, type Profile } from './profiles.ts';
import { judgeRole } from './prometheus-role.ts';
import { applyRules, matchService, type Rules, type Wanted } from './rules.ts';

export interface TargetOptions {
  readonly profile: Profile;
  readonly rules: Rules;
  /**
   * The port for Prometheus' role: one target for each task at this port, whatever its containers;
   * undefined for rules.
   */
  readonly portOfTask?: number | undefined;
  readonly dropUnhealthy: boolean;
  readonly jobLabel: string;
}

/** The verdict on a container, or on a whole task (`container` is then empty). */
export interface ContainerVerdict {
  readonly container: string;
  readonly rule: string;
  readonly target?: Readonly<Record<string, string>>;
  readonly reason?: NoTarget;
  readonly words: string;
}

/**
 * Decides which containers of a task are targets. The verdicts are in the order of containers and
 * rules, and there is always at least one.
 */
export function judge(facts: TaskFacts, options: TargetOptions): ContainerVerdict[] {
  if (options.portOfTask !== undefined)
    return [{ container: '', rule: 'port', ...judgeRole(facts, options.portOfTask) }];
  const whole = judgeTask(facts, options);
  if (whole !== undefined) return [whole];
  const seen = new Set<string>();
  const defined = new Set(facts.definition?.containers.map(({ name }) => name));
  const verdicts = (facts.definition?.containers ?? []).flatMap((container) => {
    const found = applyRules(options.rules, facts, container);
    const name = container.name ?? '';
    if (found.length === 0)
      return [
        reject(name, '', 'no_rule', 'no service, task definition or docker label rule matches'),
      ];
    return found.map((result) =>
      'reason' in result
        ? reject(name, result.rule, result.reason, result.words)
        : judgeWanted(facts, options, name, result, seen),
    );
  });
  const injected = (facts.task.containers ?? []).filter(({ name }) => !defined.has(name));
  return [
    ...verdicts,
    ...injected.map(({ name }) =>
      reject(name ?? '', '', 'no_rule', 'not in the task definition: ECS added it'),
    ),
  ];
}

/** Makes one group for each target. */
export function makeGroups(facts: TaskFacts, verdicts: readonly ContainerVerdict[]): TargetGroup[] {
  return verdicts.flatMap(({ target }) => {
    if (target === undefined) return [];
    const { __address__ = '', ...labels } = target;
    const { clusterArn, taskArn } = facts.task;
    const source = `${facts.region}/${idOfArn(clusterArn)}/${idOfArn(taskArn)}`;
    return [
      {
        source: `${source}/${__address__}${labels['__metrics_path__'] ?? ''}`,
        targets: [{ __address__ }],
        labels,
      },
    ];
  });
}

/** Returns the reason why no container of the task may be scraped; undefined when they may be. */
function judgeTask(
  { task, definition }: TaskFacts,
  { dropUnhealthy }: TargetOptions,
): ContainerVerdict | undefined {
  if (task.desiredStatus === 'STOPPED')
    return reject('', '', 'stopping', 'the task is being stopped');
  if (task.lastStatus !== 'RUNNING')
    return reject('', '', 'not_running', `the task is ${task.lastStatus ?? 'in an unknown state'}`);
  if (dropUnhealthy && task.healthStatus === 'UNHEALTHY')
    return reject('', '', 'unhealthy', 'the task is unhealthy and drop_unhealthy is set');
  if (definition === undefined)
    return reject('', '', 'no_definition', 'its task definition could not be read yet');
  return undefined;
}

function judgeWanted(
  facts: TaskFacts,
  options: TargetOptions,
  container: string,
  wanted: Wanted,
  seen: Set<string>,
): ContainerVerdict {
  const found = findAddress(facts, container, wanted.containerPort, wanted.host);
  if ('reason' in found) return reject(container, wanted.rule, found.reason, found.words);
  const key = `${found.address} ${wanted.path ?? defaultPathOf(options.profile)}`;
  if (seen.has(key))
    return reject(container, wanted.rule, 'same_as_other', `${found.address} is a target already`);
  seen.add(key);
  const input = {
    facts,
    containerName: container,
    wanted,
    matchedService: matchService(options.rules, facts),
    host: found.host,
    jobLabel: options.jobLabel,
  };
  return {
    container,
    rule: wanted.rule,
    // The address comes last, so that no docker label of the container replaces it.
    target: { ...makeProfileLabels(options.profile, input), __address__: found.address },
    words: found.how,
  };
}

function reject(
  container: string,
  rule: string,
  reason: NoTarget,
  words: string,
): ContainerVerdict {
  return { container, rule, reason, words };
}
