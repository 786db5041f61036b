/**
 * Tells why tasks of a service stop while the stack moves: a roll-back takes the cluster away, and
 * with it what ECS knows of them. So they are asked for at each look, not once the service failed.
 */
import type { StackEvent } from '@aws-sdk/client-cloudformation';
import { describeError } from '../../kernel/errors.ts';
import { ServicesApi } from './services.ts';
import type { Run } from './target.ts';
import type { Terminal } from './terminal.ts';

const SERVICE = 'AWS::ECS::Service';

interface WatchedService {
  /** Of the stack. */
  readonly id: string;
  /** When its change began; what stopped before is another matter. */
  readonly sinceMs: number;
  /** The reason that was told last. */
  told?: string;
}

export class TaskWatch {
  readonly #services: ServicesApi;
  readonly #terminal: Terminal;
  /** By ARN. */
  readonly #watched = new Map<string, WatchedService>();

  static async open({ session, terminal }: Run): Promise<TaskWatch> {
    return new TaskWatch(await ServicesApi.open(session), terminal);
  }

  private constructor(services: ServicesApi, terminal: Terminal) {
    this.#services = services;
    this.#terminal = terminal;
  }

  /** Hears an event of the stack. */
  async note(event: StackEvent): Promise<void> {
    const { ResourceType, ResourceStatus = '', PhysicalResourceId: arn = '' } = event;
    if (ResourceType !== SERVICE || !arn.startsWith('arn:')) return;
    const known = this.#watched.get(arn);
    if (/^(?:CREATE|UPDATE)_IN_PROGRESS$/.test(ResourceStatus)) {
      const sinceMs = event.Timestamp?.getTime() ?? 0;
      this.#watched.set(arn, known ?? { id: event.LogicalResourceId ?? '', sinceMs });
      return;
    }
    this.#watched.delete(arn);
    if (!ResourceStatus.endsWith('_FAILED') || ResourceStatus.startsWith('DELETE')) return;
    await this.#ask(arn, known ?? { id: event.LogicalResourceId ?? '', sinceMs: 0 });
  }

  /** Asks for the services that are under way. */
  async look(): Promise<void> {
    for (const [arn, service] of this.#watched)
      if (!(await this.#ask(arn, service))) this.#watched.delete(arn);
  }

  /** @returns whether it could be asked */
  async #ask(arn: string, service: WatchedService): Promise<boolean> {
    const { id, sinceMs, told } = service;
    try {
      const reason = await this.#services.explainLastStop(arn, sinceMs);
      if (reason !== undefined && reason !== told)
        this.#terminal.tell(`          ${id}: a task stopped: ${reason}`);
      if (reason !== undefined) service.told = reason;
      return true;
    } catch (error) {
      if (told === undefined)
        this.#terminal.tell(
          `          ${id}: why its tasks stop is not known: ${describeError(error)}`,
        );
      return false;
    }
  }
}
