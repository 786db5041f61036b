/**
 * Traces of a shop, and its service graph, as X-Ray answers with them; texts that look like markup
 * among them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeTrace } from './fake-xray.ts';

export const HOSTILE = '<img src=x onerror="document.title=1">';
export const ORDER_ID = '1-65500000-0123456789abcdef01234567';

export function idOf(number: number): string {
  return `1-65500000-${String(number).padStart(24, '0')}`;
}

export function makeTrace(number: number, more: Record<string, unknown> = {}): FakeTrace {
  const Id = idOf(number);
  const startS = Date.now() / 1_000 - 200 + number;
  const segment = { id: `${number}`, trace_id: Id, name: 'webapp', start_time: startS };
  return {
    summary: {
      Id,
      StartTime: startS,
      Duration: 0.01 * (1 + (number % 9)),
      EntryPoint: { Name: 'webapp', Type: 'AWS::ECS::Fargate' },
      Http: { HttpMethod: 'GET', HttpURL: `http://shop.local/items/${number}`, HttpStatus: 200 },
      ...more,
    },
    documents: [JSON.stringify({ ...segment, end_time: startS + 0.1 })],
  };
}

/** The trace of the golden file, which has what documents of real traces have, and broken ones. */
export function makeOrder(): FakeTrace {
  const file = join(import.meta.dirname, '../golden/traces/order.json');
  const documents = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
  return {
    summary: {
      Id: ORDER_ID,
      StartTime: Date.now() / 1_000 - 1,
      Duration: 0.5,
      HasFault: true,
      HasThrottle: true,
      IsPartial: true,
      EntryPoint: { Name: 'webapp' },
      Http: { HttpMethod: 'POST', HttpURL: 'http://shop.local/orders', HttpStatus: 500 },
    },
    documents: documents.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
  };
}

export function makeServices(): unknown[] {
  const statistics = (TotalCount: number, faults: number, throttles: number): unknown => ({
    TotalCount,
    TotalResponseTime: TotalCount * 0.042,
    ErrorStatistics: { TotalCount: throttles, ThrottleCount: throttles },
    FaultStatistics: { TotalCount: faults },
  });
  const edge = { ReferenceId: 2, SummaryStatistics: statistics(40, 0, 4) };
  return [
    {
      ReferenceId: 1,
      Name: 'webapp',
      Type: 'AWS::ECS::Fargate',
      Root: true,
      SummaryStatistics: statistics(200, 3, 0),
      Edges: [edge],
    },
    { ReferenceId: 2, Name: HOSTILE, SummaryStatistics: statistics(40, 0, 4) },
  ];
}
