/** A trace and its services as filter expressions see them. */
import type { StoredEntity } from './entity.ts';
import { measureDuration, type TraceDigest } from './digest.ts';
import type { FilterSubject } from './filter.ts';

/** A trace: the status and times of its root, and what any of its segments says. */
export function viewTrace(digest: TraceDigest): FilterSubject {
  const { trace, root, isPartial, annotations, users, visits } = digest;
  return {
    flags: {
      ...readFlags(root?.entity),
      throttle: digest.hasThrottle,
      partial: isPartial,
    },
    numbers: {
      responsetime: root && measureDuration(root.entity),
      duration: measureDuration(trace),
      'http.status': root?.entity.http.status,
    },
    texts: { ...readTexts(root?.entity), user: [...users.keys()] },
    annotation: (key) =>
      annotations.filter((annotation) => annotation.key === key).map(({ value }) => value),
    services: () => visits.map(({ name, entity }) => ({ name, subject: viewService(entity) })),
  };
}

/** A service, by one segment of it, or by a call of it. */
function viewService(entity: StoredEntity): FilterSubject {
  const { isThrottle, endSeconds, http, user } = entity;
  return {
    flags: {
      ...readFlags(entity),
      throttle: isThrottle,
      partial: endSeconds === undefined,
    },
    numbers: {
      responsetime: measureDuration(entity),
      duration: measureDuration(entity),
      'http.status': http.status,
    },
    texts: { ...readTexts(entity), user: user === undefined ? [] : [user] },
    annotation: () => [],
    services: () => [],
  };
}

function readFlags(entity: StoredEntity | undefined): {
  ok: boolean;
  error: boolean;
  fault: boolean;
} {
  const { isError = false, isFault = false, isThrottle = false } = entity ?? {};
  return {
    ok: entity !== undefined && !isError && !isFault && !isThrottle,
    error: isError,
    fault: isFault,
  };
}

function readTexts(entity: StoredEntity | undefined): Omit<FilterSubject['texts'], 'user'> {
  const { url, method, userAgent, clientIp } = entity?.http ?? {};
  const list = (text: string | undefined): string[] => (text === undefined ? [] : [text]);
  return {
    'http.url': list(url),
    'http.method': list(method),
    'http.useragent': list(userAgent),
    'http.clientip': list(clientIp),
  };
}
