/**
 * The rules for writers of text format 0.0.4, which are stricter than what a scrape accepts: every
 * line ends with a line feed, each family has at most one HELP and one TYPE, the TYPE comes before
 * its samples, and no label value holds a raw line feed. Pure. Not here: advice on names and help
 * texts.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details,
 * prometheus/common/expfmt
 */
import { quoteText } from './bad-bytes.ts';
import { ExpositionReader } from './reader.ts';

const LF = 10;

/** @throws ExpositionError with line and column at the first fault */
export function checkExposition(body: Uint8Array): void {
  const reader = new ExpositionReader();
  reader.open(body);
  const seen = {
    help: new Set<string>(),
    type: new Map<string, string>(),
    sample: new Set<string>(),
  };
  for (let from = 0; ; from = reader.pos) {
    const entry = reader.next();
    if (entry === 'end') break;
    if (entry === 'sample') {
      checkSample(reader, seen);
      continue;
    }
    const { metricName } = reader;
    if (entry === 'help') {
      if (reader.text === '') continue;
      if (seen.help.has(metricName))
        throw reader.errorAt(from, `metric ${quoteText(metricName)} has a second HELP line`);
      seen.help.add(metricName);
      continue;
    }
    if (seen.type.has(metricName) || seen.sample.has(metricName))
      throw reader.errorAt(
        from,
        `metric ${quoteText(metricName)} has a second TYPE line, or one after its samples`,
      );
    seen.type.set(metricName, reader.text);
  }
  if (body.length > 0 && body[body.length - 1] !== LF)
    throw reader.errorAt(body.length, 'the last line has no line feed');
}

function checkSample(
  reader: ExpositionReader,
  seen: { type: ReadonlyMap<string, string>; sample: Set<string> },
): void {
  const { bytes, seriesStart, seriesEnd } = reader;
  const lineFeed = bytes.indexOf(LF, seriesStart);
  if (lineFeed >= 0 && lineFeed < seriesEnd)
    throw reader.errorAt(lineFeed, 'a label value holds a raw line feed; write it as \\n');
  const name = reader.labels()[0]?.[1] ?? '';
  seen.sample.add(findFamily(name, seen.type));
}

/** The family of a sample name: `x_bucket` belongs to `x` where that is a histogram. */
function findFamily(name: string, types: ReadonlyMap<string, string>): string {
  const match = /^(.+)_(?:bucket|sum|count)$/.exec(name);
  const type = types.get(match?.[1] ?? '');
  const isPart = type === 'histogram' || (type === 'summary' && !name.endsWith('_bucket'));
  return isPart ? (match?.[1] ?? name) : name;
}
