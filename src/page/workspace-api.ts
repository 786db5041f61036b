/**
 * One request to the API of the workspace that served the page, and its errors as sentences to
 * show. No retries: callers poll. Limit: REQUEST_TIMEOUT_MS per request.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
 */

const REQUEST_TIMEOUT_MS = 10_000;

/** An error to show. `mayPass` is true where the same request may succeed at the next poll. */
export class AnswerError extends Error {
  readonly mayPass: boolean;
  /** Undefined where there was no answer. */
  readonly status: number | undefined;
  constructor(
    message: string,
    options: ErrorOptions & { mayPass: boolean; status?: number | undefined },
  ) {
    super(message, options);
    this.mayPass = options.mayPass;
    this.status = options.status;
  }
}

export interface WorkspaceAnswer {
  /** What the call gives; unchecked. */
  readonly data: unknown;
  readonly warnings: readonly string[];
}

interface Envelope {
  readonly status?: string;
  readonly error?: string;
  readonly data?: unknown;
  readonly warnings?: readonly string[];
}

/**
 * @param path  the call, such as `query_range`
 * @throws AnswerError, with a message to show
 */
export async function askWorkspace(
  path: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<WorkspaceAnswer> {
  const url = new URL(`api/v1/${path}`, document.baseURI);
  url.search = new URLSearchParams(parameters).toString();
  let response: Response;
  try {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    response = await fetch(url, { signal: AbortSignal.any([signal, timeout]) });
  } catch (cause) {
    const reason =
      cause instanceof Error && cause.name === 'TimeoutError'
        ? `no answer from the workspace within ${REQUEST_TIMEOUT_MS / 1000} s`
        : 'the workspace cannot be reached; is it still running?';
    throw new AnswerError(reason, { mayPass: true, cause });
  }
  const answer = await readEnvelope(response);
  const { status } = response;
  if (!response.ok || answer?.status !== 'success' || answer.data === undefined) {
    const message = answer?.error ?? `the workspace answered with status ${status}`;
    // 400 is a wrong question and 422 one that fails while it runs: neither passes by itself.
    throw new AnswerError(message, { mayPass: status !== 400 && status !== 422, status });
  }
  return { data: answer.data, warnings: answer.warnings ?? [] };
}

async function readEnvelope(response: Response): Promise<Envelope | undefined> {
  try {
    return (await response.json()) as Envelope;
  } catch {
    return undefined;
  }
}
