/** What went wrong with a request that got no answer. */
import { RecoverableError } from './errors.ts';

/** Why there is no answer; `kind` is a bounded word for metrics and messages. */
export class HttpClientError extends RecoverableError {
  readonly kind: 'timeout' | 'connect' | 'reset' | 'body_too_large' | 'bad_gzip' | 'aborted';
  constructor(kind: HttpClientError['kind'], message: string, options?: ErrorOptions) {
    super('HTTP_NO_ANSWER', message, options);
    this.kind = kind;
  }
}
