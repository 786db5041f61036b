/**
 * Expositions in protobuf, for what the text formats cannot express: native histograms and start
 * timestamps.
 */
import {
  body,
  double,
  int,
  label,
  message,
  packedSints,
  sint,
  sub,
  text,
  time,
  uint,
} from '../../fuzz/protobuf-page.ts';

const COUNTER = 0;
const HISTOGRAM = 4;
/** Start time of the counters in these expositions, in seconds since 1970. */
export const CREATED_SECONDS = 1_600_000_000;

/** A native histogram with buckets on both sides of zero and the present time. */
export function nativePage(name: string, count = 17): Uint8Array {
  const span = (offset: number, length: number): Uint8Array =>
    message(sint(1, offset), uint(2, length));
  const histogram = message(
    uint(1, count),
    double(2, 25.5),
    sint(5, 3),
    double(6, 0.001),
    uint(7, count - 15),
    sub(9, span(0, 1)),
    packedSints(10, [4]),
    sub(12, span(1, 2)),
    packedSints(13, [5, 1]),
    sub(15, time(CREATED_SECONDS)),
  );
  return family(name, HISTOGRAM, message(sub(1, label('side', 'both')), sub(7, histogram)));
}

/** A native histogram that has observed nothing. */
export function emptyNativePage(name: string): Uint8Array {
  const none = message(sint(1, 0), uint(2, 0));
  const histogram = message(
    uint(1, 0),
    double(2, 0),
    sint(5, 3),
    double(6, 0.001),
    uint(7, 0),
    sub(12, none),
  );
  return family(name, HISTOGRAM, message(sub(7, histogram)));
}

/** A counter with a start timestamp. */
export function createdPage(name: string): Uint8Array {
  const counter = message(double(1, 7), sub(3, time(CREATED_SECONDS)));
  return family(name, COUNTER, message(sub(3, counter)));
}

/** A counter with an explicit timestamp. */
export function stampedPage(name: string, tMs: number): Uint8Array {
  return family(name, COUNTER, message(sub(3, message(double(1, 7))), int(6, tMs)));
}

function family(name: string, type: number, ...metrics: readonly Uint8Array[]): Uint8Array {
  return body(
    message(
      text(1, name),
      text(2, `Help of ${name}.`),
      uint(3, type),
      ...metrics.map((metric) => sub(4, metric)),
    ),
  );
}
