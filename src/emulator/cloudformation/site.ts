/**
 * Where a resource of a stack is made: calls as the deployer, names, and waits. And what is said of
 * one that failed.
 * Limits: TRIES_MAX questions of a wait, THROTTLED_MAX times a call that was throttled.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { describeError } from '../../kernel/errors.ts';
import { AwsError, type AwsPlace } from '../service.ts';
import { asForm, type Deployer, type Site, type ResourceTag } from './resource-kind.ts';
import type { Values } from './values.ts';

/** Between two questions of a wait, ms. */
export const SITE_POLL_MS = 100;
/** Ten minutes. */
const TRIES_MAX = 6_000;
/** Errors of calls that are too many; they are made again. */
const THROTTLED = /Throttl|RequestLimitExceeded|TooManyRequests/;
const THROTTLED_MAX = 50;
/** Services whose calls are forms: all values are text. */
const FORMS: ReadonlySet<string> = new Set(['autoscaling', 'ec2', 'iam']);

export interface SiteParts {
  readonly call: Deployer;
  readonly clock: Clock;
  readonly place: AwsPlace;
  readonly stack: { readonly name: string; readonly id: string };
  readonly logicalId: string;
  readonly tags: readonly ResourceTag[];
  /** Why a wait is called off; undefined while it is not. Absent where none can be. */
  readonly calledOff?: (() => string | undefined) | undefined;
  /** Ends all waits: the emulator stops. */
  readonly signal: AbortSignal;
}

/** The service that an error came from. */
const origins = new WeakMap<AwsError, string>();

export function createSite(parts: SiteParts): Site {
  const { call, clock, place, stack, logicalId, tags, calledOff, signal } = parts;
  return {
    ...place,
    tags,
    systemTags: [
      { Key: 'aws:cloudformation:stack-name', Value: stack.name },
      { Key: 'aws:cloudformation:stack-id', Value: stack.id },
      { Key: 'aws:cloudformation:logical-id', Value: logicalId },
    ],
    call: async (service, action, input) => {
      const members = FORMS.has(service) ? (asForm(input) as Values) : input;
      for (let tries = 1; ; tries += 1)
        try {
          return await call(service, action, members);
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          origins.set(error, service);
          if (!THROTTLED.test(error.code) || tries >= THROTTLED_MAX) throw error;
          await clock.sleep(SITE_POLL_MS, signal);
        }
    },
    makeName: (most) => {
      const end = randomBytes(9).toString('hex').slice(0, 12).toUpperCase();
      const start = `${stack.name}-${logicalId}`.slice(0, most - end.length - 1);
      return `${start}-${end}`;
    },
    pause: (ms) => clock.sleep(ms, signal),
    until: async (what, ask, triesMax = TRIES_MAX) => {
      for (let tries = 0; tries < triesMax; tries += 1) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        const reason = calledOff?.();
        if (reason !== undefined) throw new Cancelled(reason);
        await clock.sleep(SITE_POLL_MS, signal);
      }
      throw new AwsError('NotStabilized', `Exceeded attempts to wait for ${what}`);
    },
  };
}

/** The work was called off, since another resource failed or somebody asked. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** What an event says of a resource that failed. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof AwsError)) return describeError(error);
  const service = origins.get(error);
  if (service === undefined && error.code === 'ValidationError') return error.message;
  const from =
    service === undefined
      ? ''
      : ` (Service: ${service}, Status Code: ${error.status}, Request ID: ${randomUUID()})`;
  return (
    `Resource handler returned message: "${error.message}${from}" ` +
    `(RequestToken: ${randomUUID()}, HandlerErrorCode: ${nameHandlerError(error)})`
  );
}

function nameHandlerError({ code, status }: AwsError): string {
  if (code === 'NotStabilized') return code;
  if (/AccessDenied|UnauthorizedOperation/.test(code)) return 'AccessDenied';
  if (/AlreadyExists|EntityAlreadyExists|Duplicate/.test(code)) return 'AlreadyExists';
  if (/NotFound|NoSuchEntity/.test(code)) return 'NotFound';
  if (/Throttl|RequestLimitExceeded/.test(code)) return 'Throttling';
  if (/LimitExceeded/.test(code)) return 'ServiceLimitExceeded';
  return status >= 500 ? 'ServiceInternalError' : 'InvalidRequest';
}
