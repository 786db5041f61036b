/**
 * Those who are told when a signal aborts, for signals that are watched again and again: each has
 * one listener for its whole life, where adding and removing a listener costs more than a request
 * otherwise does. For signals of a controller only: a listener that stays makes Node hold one that
 * `AbortSignal.any` made for ever.
 */
const WATCHERS = Symbol('watchers');

interface WatchedSignal extends AbortSignal {
  [WATCHERS]?: (() => void)[];
}

/** Calls `call` once when the signal aborts; never where it has aborted before. */
export function watchAbort(signal: AbortSignal, call: () => void): void {
  const watched: WatchedSignal = signal;
  let watchers = watched[WATCHERS];
  if (watchers === undefined) {
    watchers = watched[WATCHERS] = [];
    signal.addEventListener('abort', tellAll, { once: true });
  }
  watchers.push(call);
}

export function unwatchAbort(signal: AbortSignal, call: () => void): void {
  const watchers = (signal as WatchedSignal)[WATCHERS];
  const at = watchers?.lastIndexOf(call) ?? -1;
  if (watchers === undefined || at < 0) return;
  // The last one takes the place: nothing depends on their order.
  watchers[at] = watchers.at(-1) as () => void;
  watchers.length -= 1;
}

function tellAll({ target }: Event): void {
  const watchers = (target as WatchedSignal)[WATCHERS] ?? [];
  for (const call of watchers.splice(0)) call();
}
