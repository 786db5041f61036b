/** Outlets: where routes end. Values only. */
import type { OpenAppender } from '../model/sample.ts';
import type { Transform } from '../model/transform.ts';

/** A sink at the end of a route, with the transforms that series pass on the way. */
export interface Outlet {
  readonly openAppender: OpenAppender;
  readonly transforms: readonly Transform[];
}

/** Whether an appender opened for one can go on for the other: same sink, same transforms. */
export function isSameOutlet(a: Outlet, b: Outlet): boolean {
  return (
    a.openAppender === b.openAppender &&
    a.transforms.length === b.transforms.length &&
    a.transforms.every(({ identity }, index) => identity === b.transforms[index]?.identity)
  );
}
