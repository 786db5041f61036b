/**
 * Bounds the answers that the SDK reads: it gathers bodies of any length, as an object for each
 * piece. Each body is gathered into one buffer here, before the SDK sees it.
 * Limits: ANSWER_MAX_BYTES of a body, and the pieces of kernel/growing-buffer.ts.
 */
import { pipeline, Readable, Transform } from 'node:stream';
import { callbackify } from 'node:util';
import { RecoverableError } from '../kernel/errors.ts';
import { GrowingBuffer } from '../kernel/growing-buffer.ts';

/** Twice the longest configuration; answers of services have some megabytes at most. */
const ANSWER_MAX_BYTES = 32 * 1024 * 1024;

interface Answer {
  readonly response: { body?: unknown };
}

interface Handler {
  handle: (...given: never[]) => Promise<Answer>;
}

/** An extension of a client of the SDK, which changes the client's own handler of requests. */
export const boundedAnswers = {
  configure: (client: { httpHandler: () => unknown }): void => {
    const handler = client.httpHandler() as Handler;
    const handle = handler.handle.bind(handler);
    handler.handle = async (...given) => {
      const answer = await handle(...given);
      const { body } = answer.response;
      if (body instanceof Readable) answer.response.body = gather(body);
      return answer;
    };
  },
};

function gather(body: Readable): Readable {
  const held = new GrowingBuffer();
  const gathered = new Transform({
    transform: (piece: Buffer, _encoding, done) => {
      try {
        if (held.length + piece.length > ANSWER_MAX_BYTES)
          throw new Error(`more than ${ANSWER_MAX_BYTES} bytes`);
        held.add(piece);
        done();
      } catch (error) {
        const words = error instanceof Error ? error.message : '';
        done(new RecoverableError('AWS_ANSWER', `an answer of AWS is not read on: ${words}`));
      }
    },
    // A large one is joined over several turns.
    flush: callbackify(async () => held.finish()),
  });
  // An error comes out of the gathered body, and ends the connection.
  pipeline(body, gathered, () => undefined);
  return gathered;
}
