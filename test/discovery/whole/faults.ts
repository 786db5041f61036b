/**
 * The faults that are tried on every call: what happens, and how often. Only descriptions; a source
 * world (world.ts) makes them happen.
 */

/** What happens to a call. */
export const KINDS = [
  'failed',
  'denied',
  'throttled',
  'reset',
  'hang',
  'empty',
  'half',
  'malformed',
] as const;

export type Kind = (typeof KINDS)[number];

/**
 * `once`, `thrice`: that many calls fail, then they work. `later`: all calls but the first fail, so
 * that the first of several batches or pages is answered. `page 2`: only the second page of a list
 * fails. `ever`: until it is repaired.
 */
export const EXTENTS = ['once', 'thrice', 'later', 'page 2', 'ever'] as const;

export type Extent = (typeof EXTENTS)[number];

export interface Fault {
  readonly call: string;
  readonly kind: Kind;
  readonly extent: Extent;
}

/** Translates a fault into the settings of the emulator. */
export function makeTrouble({ call, kind, extent }: Fault): Record<string, unknown> {
  const extents = {
    once: { count: 1 },
    thrice: { count: 3 },
    later: { skip: 1 },
    'page 2': { page: 2 },
    ever: {},
  };
  return { action: call, ...makeAnswer(kind, call), ...extents[extent] };
}

function makeAnswer(kind: Kind, call: string): Record<string, unknown> {
  const isEc2 = /^Describe(?:Instances|NetworkInterfaces|AvailabilityZones)$/.test(call);
  switch (kind) {
    case 'failed':
      return { code: isEc2 ? 'InternalError' : 'InternalServerError', status: 500 };
    case 'denied':
      return isEc2
        ? { code: 'UnauthorizedOperation', status: 403 }
        : { code: 'AccessDeniedException', status: 400 };
    case 'throttled':
      return { code: isEc2 ? 'RequestLimitExceeded' : 'ThrottlingException', status: 400 };
    default:
      return { how: kind };
  }
}

export function describeFault({ call, kind, extent }: Fault): string {
  return `${call} ${kind} ${extent}`;
}
