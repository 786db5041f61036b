/** The error of an HTTP request that got no usable answer. */
import { RecoverableError } from './errors.ts';

/** `kind` says why there is no answer: one of a few words, for metrics and messages. */
export class HttpClientError extends RecoverableError {
  readonly kind:
    | 'timeout'
    | 'connect'
    | 'reset'
    | 'body_too_large'
    | 'bad_gzip'
    | 'bad_zstd'
    | 'aborted';
  constructor(kind: HttpClientError['kind'], message: string, options?: ErrorOptions) {
    super('HTTP_NO_ANSWER', message, options);
    this.kind = kind;
  }
}
