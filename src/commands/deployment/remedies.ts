/** What to do about why a resource or a task failed, by AWS's words for it. Pure. */

interface Remedy {
  readonly words: RegExp;
  readonly remedy: (found: RegExpExecArray) => string;
}

const OF_RESOURCES: readonly Remedy[] = [
  {
    words: /not authorized to perform:? ([\w:]+)(?: on (?:resource:? ?)?"?([^\s,"]+))?/i,
    remedy: ([, action = '', resource]) =>
      `whoever deploys needs ${action}${resource === undefined ? '' : ` on ${resource}`}: ` +
      '"amperage generate policies --for deployer MODEL" has the whole policy',
  },
  {
    words: /circuit breaker|did not stabilize|exceeded (?:max )?attempts to wait|time ?out/i,
    remedy: () => 'its tasks do not stay up: see why they stopped, and the log group of the model',
  },
  {
    words: /already exists|AlreadyExists|already in use|already taken|is not unique/i,
    remedy: () =>
      'the name is taken by what this stack did not make: take that away, or give the deployment ' +
      'another name',
  },
  {
    words: /LimitExceeded|limit|quota|maximum number/i,
    remedy: () =>
      'a quota is used up: take away what is not needed, or ask Service Quotas for more',
  },
  {
    words: /AccessDenied|Access Denied|UnauthorizedOperation|\b403\b/i,
    remedy: () =>
      'whoever deploys lacks a permission: "amperage generate policies --for deployer MODEL" has ' +
      'the whole policy',
  },
  { words: /Throttl|Rate exceeded/i, remedy: () => 'AWS was asked too much at once: deploy again' },
  {
    words: /dependent object|DependencyViolation|has dependencies|in use by|ResourceInUse/i,
    remedy: () => 'something that this stack did not make uses it: take that away, and do it again',
  },
];

const OF_TASKS: readonly Remedy[] = [
  {
    words: /CannotPullContainer/i,
    remedy: () =>
      "the image can't be pulled: check its name and tag, the platform, the way to the registry " +
      '(NAT, public address or endpoints), and for ECR the execution role',
  },
  {
    words: /EFS|mount/i,
    remedy: () =>
      'the file system is not mounted: check the security groups for port 2049, and DNS',
  },
  {
    words: /ResourceInitializationError|unable to pull secrets|unable to retrieve/i,
    remedy: () =>
      'the task has no way to AWS, or its execution role lacks a permission: check NAT, public ' +
      'address or endpoints',
  },
  {
    words: /OutOfMemory|exit code:? 137|exited with 137/i,
    remedy: () => 'it used more than its memory: give it more in the model',
  },
  {
    words: /health check/i,
    remedy: () => 'it runs, and is not healthy: its log says what it waits for',
  },
  {
    words: /exited with [1-9]|Essential container/i,
    remedy: () => 'the program ended by itself: its log says why',
  },
  {
    words: /RESOURCE:|no container instance|unable to place/i,
    remedy: () => 'no instance has room: give the cluster more or larger ones',
  },
];

export function findRemedy(reason: string): string | undefined {
  return pick(OF_RESOURCES, reason);
}

export function findTaskRemedy(reason: string): string | undefined {
  return pick(OF_TASKS, reason);
}

function pick(remedies: readonly Remedy[], reason: string): string | undefined {
  for (const { words, remedy } of remedies) {
    const found = words.exec(reason);
    if (found !== null) return remedy(found);
  }
  return undefined;
}
