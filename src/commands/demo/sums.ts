/**
 * The totals of the last five minutes that the page shows beside each other: those of CloudWatch,
 * from the events that the collector sent, and those of PromQL, from the samples.
 */
import { formatIncrease, METRIC } from '../../page/cloudwatch/metric.ts';

const SPAN_S = 300;
const MINUTE_S = 60;

export interface CounterSums {
  readonly cloudwatch: number;
  readonly promql: number;
}

interface CloudWatchAnswer {
  readonly data?: { readonly series?: readonly { readonly points: readonly [number, number][] }[] };
}

interface PromqlAnswer {
  readonly data?: { readonly result?: readonly { readonly value?: [number, string] }[] };
}

/**
 * What is not there is 0.
 *
 * @param read       the body of an answer; empty where there is none
 * @param workspace  URL
 */
export async function readSums(
  read: (url: string) => Promise<string>,
  workspace: string,
  nowMs: number,
): Promise<CounterSums> {
  // Whole minutes, as CloudWatch has them.
  const endS = Math.ceil(nowMs / 1_000 / MINUTE_S) * MINUTE_S;
  const startS = endS - SPAN_S - MINUTE_S;
  const ask = async (call: string, parameters: Record<string, string>): Promise<unknown> => {
    const text = await read(`${workspace}/api/v1/${call}?${new URLSearchParams(parameters)}`);
    return text === '' ? {} : JSON.parse(text);
  };
  const range = { start: String(startS), end: String(endS) };
  const { data: metric } = (await ask('cloudwatch/sums', {
    ...METRIC,
    ...range,
  })) as CloudWatchAnswer;
  const query = formatIncrease(endS - startS);
  const { data: answer } = (await ask('query', { query, time: String(endS) })) as PromqlAnswer;
  const points = metric?.series?.flatMap((one) => one.points) ?? [];
  return {
    cloudwatch: points.reduce((sum, [, value]) => sum + value, 0),
    promql: Number(answer?.result?.[0]?.value?.[1] ?? 0),
  };
}
