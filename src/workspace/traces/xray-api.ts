/**
 * X-Ray's API, as the web page needs it.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
 */
import type { ServiceClient } from '../../aws/service-client.ts';
import type { Registry } from '../../kernel/metrics.ts';
import { BoundedAwsCalls } from '../api/aws-calls.ts';

/** The calls that the page needs, each with the path that X-Ray serves it at. */
const PATHS = {
  GetTraceSummaries: '/TraceSummaries',
  BatchGetTraces: '/Traces',
  GetServiceGraph: '/ServiceGraph',
} as const;
export type XrayApi = BoundedAwsCalls<keyof typeof PATHS>;

export function createXrayApi(client: Pick<ServiceClient, 'send'>, metrics: Registry): XrayApi {
  const service = {
    id: 'xray',
    name: 'X-Ray',
    invalid: ['InvalidRequestException'],
    address: (action: keyof typeof PATHS) => ({
      path: PATHS[action],
      headers: { 'content-type': 'application/json' },
    }),
  };
  return new BoundedAwsCalls(service, client, metrics);
}
