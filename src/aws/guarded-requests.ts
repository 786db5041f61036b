/**
 * Keeps clients of the SDK from endpoints at metadata addresses, which a configuration or the
 * environment may name: each request is looked at before it is sent, also to a proxy. The SDK asks
 * the metadata of a task or machine itself by other means, which this does not touch.
 */
import { refuseMetadataUrl } from '../kernel/metadata-addresses.ts';

interface Handler {
  handle: (request: { readonly hostname: string }, ...more: never[]) => Promise<unknown>;
}

/** An extension of a client of the SDK, as boundedAnswers is. */
export const guardedRequests = {
  configure: (client: { httpHandler: () => unknown }): void => {
    const handler = client.httpHandler() as Handler;
    const handle = handler.handle.bind(handler);
    handler.handle = async (request, ...more) => {
      refuseMetadataUrl(request);
      return handle(request, ...more);
    };
  },
};
