/**
 * A small X-Ray that answers what the workspace asks of it, in the shapes of the API: summaries,
 * documents and the service graph as a test gives them, in pages, and refusals on command. What a
 * trace is made of is not checked.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Ending } from './ending.ts';
import { serve } from './listen.ts';

export interface FakeTrace {
  readonly summary: { readonly Id: string } & Readonly<Record<string, unknown>>;
  readonly documents: readonly string[];
}

export interface FakeXray {
  readonly url: string;
  /** The calls that came: path, body and authorization header. */
  readonly calls: { path: string; body: Record<string, unknown>; authorization: string }[];
  traces: readonly FakeTrace[];
  services: readonly unknown[];
  /** Traces, documents or services in one page of an answer. */
  pageSize: number;
  /** Answers every call to this path, or to all where it is empty, in place of the answer. */
  refusal: { path: string; status: number; type: string; message: string } | undefined;
}

/** The filter expression that this X-Ray finds invalid. */
export const BAD_FILTER = 'responsetime >';

export async function startFakeXray(ending: Ending): Promise<FakeXray> {
  const listening = await serve(ending, (request, response) => void answer(request, response));
  const fake: FakeXray = {
    url: listening.url,
    calls: [],
    traces: [],
    services: [],
    pageSize: 1_000,
    refusal: undefined,
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const body = JSON.parse(await text(request)) as Record<string, unknown>;
    fake.calls.push({ path, body, authorization: request.headers.authorization ?? '' });
    const send = (status: number, json: unknown, headers = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(json));
    };
    const { refusal } = fake;
    if (refusal !== undefined && (refusal.path === '' || refusal.path === path))
      return send(
        refusal.status,
        { Message: refusal.message },
        { 'x-amzn-errortype': `${refusal.type}:http://internal.amazon.com/` },
      );
    if (body['FilterExpression'] === BAD_FILTER)
      return send(
        400,
        { message: 'Invalid filter expression: unexpected end' },
        { 'x-amzn-errortype': 'InvalidRequestException' },
      );
    const from = Number(body['NextToken'] ?? 0);
    const page = <Item>(items: readonly Item[]): { items: readonly Item[]; NextToken?: string } => {
      const to = from + fake.pageSize;
      const some = items.slice(from, to);
      return to < items.length ? { items: some, NextToken: String(to) } : { items: some };
    };
    if (path === '/TraceSummaries') {
      const { items, ...token } = page(fake.traces);
      return send(200, { TraceSummaries: items.map(({ summary }) => summary), ...token });
    }
    if (path === '/ServiceGraph') {
      const { items, ...token } = page(fake.services);
      return send(200, { Services: items, ...token });
    }
    const ids = body['TraceIds'] as string[];
    const known = fake.traces.filter(({ summary }) => ids.includes(summary.Id));
    const { items, ...token } = page(
      known.flatMap(({ summary, documents }) =>
        documents.map((document) => ({ id: summary.Id, document })),
      ),
    );
    const traces = known.map(({ summary }) => ({
      Id: summary.Id,
      Duration: summary['Duration'],
      LimitExceeded: false,
      Segments: items
        .filter(({ id }) => id === summary.Id)
        .map(({ document }) => ({ Id: readId(document), Document: document })),
    }));
    return send(200, { Traces: traces, UnprocessedTraceIds: [], ...token });
  }
  return fake;
}

function readId(document: string): string {
  return /"id"\s*:\s*"([^"]*)"/.exec(document)?.[1] ?? '';
}
