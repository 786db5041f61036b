/** An exposition as the answer of a server, in the format that the client asks for. */
import type { MetricFamily } from '../model/metric-family.ts';
import { wantedFormat } from '../wire/exposition/negotiation.ts';
import { EXPOSITION_CONTENT_TYPES, writeExposition } from '../wire/exposition/writer.ts';

/** @param accept  the client's header Accept */
export function answerFamilies(
  families: readonly MetricFamily[],
  accept: string | undefined,
): { status: number; headers: Record<string, string>; body: string } {
  const format = wantedFormat(accept);
  return {
    status: 200,
    headers: { 'content-type': EXPOSITION_CONTENT_TYPES[format], vary: 'Accept' },
    body: writeExposition(families, format),
  };
}
