/**
 * What went wrong in a span: `cause` with its exceptions, and the flags `error`, `fault` and
 * `throttle`.
 * Source: contrib's exporter/awsxrayexporter/internal/translator/cause.go
 */
import type { OtlpSpan } from '../otlp/trace-request.ts';
import {
  type SpanAttributes,
  type AttributeValue,
  dropAbsent,
  type SegmentMembers,
  readSpanAttributes,
  readTextAttribute,
  readWhole,
} from './attributes.ts';
import { deriveId } from './ids.ts';
import { isAwsSdkSpan } from './names.ts';
import type { StackFrame } from './stack.ts';
import { boundFrames, parseStack } from './stacks.ts';

export interface CauseOfSpan {
  readonly cause: SegmentMembers | undefined;
  readonly error: true | undefined;
  readonly fault: true | undefined;
  readonly throttle: true | undefined;
  /** The attributes that are not in it. */
  readonly rest: ReadonlyMap<string, AttributeValue>;
}

const EXCEPTION = 'exception';
/** An attempt of an SDK of AWS that failed. */
const FAILED_REQUEST = 'HTTP request failure';
const EXCEPTIONS_MAX = 50;

interface Subject {
  readonly span: OtlpSpan;
  /** The id of the segment, of which those of exceptions are made. */
  readonly id: string;
  readonly attributes: SpanAttributes;
  readonly resource: SpanAttributes;
  /** Attributes that are in no other block. */
  readonly left: SpanAttributes;
}

export function describeCause(subject: Subject): CauseOfSpan {
  const { span, attributes, left } = subject;
  const hasFailed = span.status?.code === 'error';
  const status = readWhole(attributes, 'http.status_code', 'http.response.status_code') ?? 0;
  const isError = status >= 400 && status <= 499;
  const isFault = (status >= 500 && status <= 599) || (hasFailed && !isError);
  const flags = {
    error: isError || undefined,
    fault: isFault || undefined,
    throttle: status === 429 || undefined,
  } as const;
  const exceptions = listExceptions(subject);
  if (exceptions.length > 0) return { ...flags, cause: { exceptions }, rest: left };
  if (!hasFailed) return { ...flags, cause: undefined, rest: left };
  const rest = new Map(left);
  rest.delete('http.status_text');
  const message = span.status?.message || readTextAttribute(left, 'http.status_text');
  const only = message === undefined ? [] : [{ id: deriveId(subject.id, 1), message }];
  return { ...flags, cause: only.length === 0 ? undefined : { exceptions: only }, rest };
}

function listExceptions(subject: Subject): readonly SegmentMembers[] {
  const { span, id, resource, attributes } = subject;
  const language = readTextAttribute(resource, 'telemetry.sdk.language') ?? '';
  const remote = span.kind === 'client' || span.kind === 'producer' ? true : undefined;
  const isAws = isAwsSdkSpan(attributes);
  const exceptions: SegmentMembers[] = [];
  const nextId = (): string => deriveId(id, exceptions.length + 1);
  for (const event of span.events) {
    if (exceptions.length >= EXCEPTIONS_MAX) break;
    const own = readSpanAttributes(event.attributes);
    if (event.name === EXCEPTION) {
      const text = readTextAttribute(own, 'exception.stacktrace') ?? '';
      const { frames, causes } = parseStack(text, language);
      const all = [
        {
          type: readTextAttribute(own, 'exception.type'),
          message: readTextAttribute(own, 'exception.message'),
          frames,
        },
        ...causes,
      ];
      for (const [index, { type, message, frames: stack }] of all.entries()) {
        const isLast = index === all.length - 1;
        exceptions.push({
          ...dropAbsent({
            id: nextId(),
            type: type === '' ? undefined : type,
            message: message === '' ? undefined : message,
            remote,
            ...describeFrames(stack),
            cause: isLast ? undefined : deriveId(id, exceptions.length + 2),
          }),
        });
      }
    } else if (isAws && event.name === FAILED_REQUEST) {
      const code = own.get('http.response.status_code');
      const message = own.get('aws.http.error_message');
      if (code === undefined || message === undefined) continue;
      const micros = event.timeUnixNano / 1_000n;
      const at = `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, '0')}`;
      exceptions.push({
        id: nextId(),
        type: 'aws.http.error.event',
        remote: true,
        message: `${describe(code)}@${at}@${describe(message)}`,
      });
    }
  }
  return exceptions;
}

function describe(value: AttributeValue): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function describeFrames(all: readonly StackFrame[]): SegmentMembers {
  if (all.length === 0) return {};
  const { frames, truncated } = boundFrames(all);
  const stack = frames.map(({ path, label, line }) =>
    dropAbsent({
      path: path === '' ? undefined : path,
      line,
      label: label === '' ? undefined : label,
    }),
  );
  return { stack, truncated: truncated === 0 ? undefined : truncated };
}
