/**
 * One appender that writes to several sinks: each remote_write entry has its own queue and gets every sample.
 */
import {
  type Appender,
  DROPPED_REF,
  type OpenAppender,
  type RoutedAppender,
  type SeriesRef,
} from '../model/sample.ts';

/** An appender whose sinks never change while it is open. */
export function asRouted(appender: Appender): RoutedAppender {
  return Object.assign(appender, { generation: 0, renew: (ref: SeriesRef) => ref });
}

/** With one sink its own appender is used as it is: the common case costs nothing. */
export function fanOut(opens: readonly OpenAppender[]): OpenAppender {
  const [only] = opens;
  if (opens.length === 1 && only !== undefined) return only;
  return (key) => fanOutAppender(opens.map((open) => open(key)));
}

function fanOutAppender(appenders: readonly Appender[]): Appender {
  // Row `ref` holds the ref of each appender; freed rows are used again.
  const rows: (readonly SeriesRef[])[] = [];
  const free: SeriesRef[] = [];
  const each = (ref: SeriesRef, act: (appender: Appender, ref: SeriesRef) => void): void => {
    const row = rows[ref];
    if (row === undefined) return;
    for (let i = 0; i < appenders.length; i++) {
      const appender = appenders[i];
      const own = row[i];
      if (appender !== undefined && own !== undefined && own !== DROPPED_REF) act(appender, own);
    }
  };
  return {
    refOf(labels) {
      const row = appenders.map((appender) => appender.refOf(labels));
      if (row.every((ref) => ref === DROPPED_REF)) return DROPPED_REF;
      const ref = free.pop() ?? rows.length;
      rows[ref] = row;
      return ref;
    },
    append: (ref, tMs, value) => each(ref, (appender, own) => appender.append(own, tMs, value)),
    appendStale: (ref, tMs) => each(ref, (appender, own) => appender.appendStale(own, tMs)),
    appendHistogram: (ref, tMs, histogram) =>
      each(ref, (appender, own) => appender.appendHistogram(own, tMs, histogram)),
    appendExemplar: (ref, exemplar) =>
      each(ref, (appender, own) => appender.appendExemplar(own, exemplar)),
    setMetadata: (ref, family, metadata) =>
      each(ref, (appender, own) => appender.setMetadata(own, family, metadata)),
    setCreated: (ref, createdMs) =>
      each(ref, (appender, own) => appender.setCreated(own, createdMs)),
    forget(ref) {
      if (rows[ref] === undefined) return;
      each(ref, (appender, own) => appender.forget(own));
      rows[ref] = [];
      free.push(ref);
    },
    commit: () => appenders.forEach((appender) => appender.commit()),
    rollback: () => appenders.forEach((appender) => appender.rollback()),
    close: () => appenders.forEach((appender) => appender.close()),
  };
}
