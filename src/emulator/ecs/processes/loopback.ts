/**
 * Addresses of the loopback for tasks and instances: each emulator takes them from a part of
 * 127.0.0.0/8 of its own, so that several can run on a machine. Processes of tasks connect from
 * them, by which the emulator knows who asks.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { RecoverableError } from '../../../kernel/errors.ts';

/** From 127.64 on: what other programs of a machine use lies below. */
const FIRST_SECOND_OCTET = 64;
const NETS = 128 * 256;
const HOSTS = 254;

export class LoopbackAddresses {
  readonly #first = randomInt(NETS);
  #given = 0;

  /** One that was not given before, until all of 127.64.0.0/9 were. */
  next(): string {
    return this.#at(this.#given++);
  }

  /** @throws RecoverableError where the machine has no such addresses */
  async check(): Promise<void> {
    const address = this.#at(0);
    const server = createServer();
    const failure = await new Promise<Error | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(0, address, () => server.close(() => resolve(undefined)));
    });
    if (failure === undefined) return;
    throw new RecoverableError(
      'EMULATOR_TASKS',
      `tasks have addresses of 127.0.0.0/8, and this machine has no ${address}: Linux has them ` +
        'all, elsewhere run the emulator in a virtual machine with Linux',
      { cause: failure },
    );
  }

  #at(index: number): string {
    const net = (this.#first + Math.floor(index / HOSTS)) % NETS;
    const second = FIRST_SECOND_OCTET + (net >> 8);
    return `127.${second}.${net & 255}.${1 + (index % HOSTS)}`;
  }
}

/** Whether an address is one that an emulator gives to a task or to an instance of tasks. */
export function isTaskAddress(address: string): boolean {
  const second = /^(?:::ffff:)?127\.(\d+)\./.exec(address)?.[1];
  return second !== undefined && Number(second) >= FIRST_SECOND_OCTET;
}

export const isLoopback = (address: string | undefined): boolean =>
  address?.startsWith('127.') === true;
