/** Reads a message of node:http piece by piece, as it comes: nothing waits in the stream. */
import type { IncomingMessage } from 'node:http';

/**
 * @param take  called for each piece; what it throws ends the reading, and the rest stays unread
 * @throws      what `take` throws, and Error where the message ends before it is whole
 */
export function readPieces(message: IncomingMessage, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const clear = (): void => {
      message.off('data', onPiece).off('end', onEnd).off('close', onClose);
    };
    const fail = (error: unknown): void => {
      clear();
      message.pause();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onPiece = (piece: Buffer): void => {
      try {
        take(piece);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => {
      clear();
      resolve();
    };
    const onClose = (): void =>
      fail(message.errored ?? new Error('the connection was closed within the body'));
    // It stays for good: an error without a listener would end the process.
    message.on('error', fail);
    message.on('data', onPiece).on('end', onEnd).on('close', onClose);
    if (message.readableEnded) onEnd();
    else if (message.destroyed) onClose();
  });
}
