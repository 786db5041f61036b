/** Where a route ends. Values only. */
import type { OpenAppender } from '../model/sample.ts';
import type { SeriesTransform } from '../model/transform.ts';

/** A sink at the end of a route, and what is done to series on the way. */
export interface Outlet {
  readonly openAppender: OpenAppender;
  readonly transforms: readonly SeriesTransform[];
}

/** Whether appenders of one go on as those of the other. */
export function isSameOutlet(a: Outlet, b: Outlet): boolean {
  return (
    a.openAppender === b.openAppender &&
    a.transforms.length === b.transforms.length &&
    a.transforms.every(({ identity }, index) => identity === b.transforms[index]?.identity)
  );
}
