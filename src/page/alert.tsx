/**
 * The error of a part of the page, announced when it comes. The region is always in the page,
 * because a screen reader announces only what changes in a region that it knows.
 */
import type { Failure } from './polling.ts';

interface AlertProps {
  readonly error: Failure | undefined;
  /** Whether older data is shown below. */
  readonly hasOlder: boolean;
}

export function Alert({ error, hasOlder }: AlertProps) {
  return (
    <div role="alert">
      {error === undefined ? null : (
        <p class="error">
          {error.message}
          {describeSequel(error, hasOlder)}
        </p>
      )}
    </div>
  );
}

/** Says in brackets what follows from an error: older data below, another try. */
function describeSequel({ mayPass }: Failure, hasOlder: boolean): string {
  const parts = [...(hasOlder ? ['older data below'] : []), ...(mayPass ? ['trying again'] : [])];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
