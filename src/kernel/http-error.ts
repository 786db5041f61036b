/** An error that a handler of the HTTP server throws to answer with a status and its words. */
export class HttpError extends Error {
  override readonly name: string = 'HttpError';
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
