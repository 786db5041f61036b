/**
 * The namespaces that are read: those that the configuration or its SSM parameter names. The list
 * of namespaces of the region is read once in five minutes, and once in 30 s while a name is
 * missing from it or a namespace seems to be gone.
 */
import { makeFailedLack, type Lack } from '../lacking.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import type { CloudMapApi, CloudMapNamespace } from './api.ts';
import type { CloudMapConfig } from './config.ts';
import { splitNames } from '../../settings/text.ts';

const LIST_MS = 300_000;
/** While a name is missing or a namespace is in doubt. */
const DOUBT_MS = 30_000;

export class NamespaceList {
  readonly #config: CloudMapConfig;
  readonly #world: DiscoveryWorld;
  readonly #api: CloudMapApi;
  #names: readonly string[] | undefined;
  #found: readonly CloudMapNamespace[] | undefined;
  #readMs = -Infinity;
  #isDoubted = false;

  constructor(config: CloudMapConfig, world: DiscoveryWorld, api: CloudMapApi) {
    this.#config = config;
    this.#world = world;
    this.#api = api;
  }

  /** @param lacks  receives what could not be read; what was known of it stays */
  async read(lacks: Lack[]): Promise<readonly CloudMapNamespace[]> {
    try {
      this.#names = await this.#readNames();
    } catch (error) {
      this.#world.signal.throwIfAborted();
      const { namespaces_parameter: parameter = '' } = this.#config;
      lacks.push(makeFailedLack('ssm:GetParameter', parameter, error));
    }
    const names = this.#names;
    if (names === undefined) return [];
    try {
      await this.#list(names);
    } catch (error) {
      this.#world.signal.throwIfAborted();
      lacks.push(makeFailedLack('servicediscovery:ListNamespaces', '', error));
    }
    if (this.#found !== undefined) lacks.push(...this.#findMissing(names).map(makeUnknownLack));
    return (this.#found ?? []).filter(({ name }) => names.includes(name));
  }

  /** Notes that a namespace may be gone, so that the list is read again soon. */
  doubt(): void {
    this.#isDoubted = true;
  }

  #findMissing(names: readonly string[]): string[] {
    return names.filter((name) => (this.#found ?? []).every((one) => one.name !== name));
  }

  #isDue(names: readonly string[]): boolean {
    const isDoubted = this.#isDoubted || this.#findMissing(names).length > 0;
    return this.#world.clock.elapsedMs() - this.#readMs >= (isDoubted ? DOUBT_MS : LIST_MS);
  }

  async #list(names: readonly string[]): Promise<void> {
    if (!this.#isDue(names)) return;
    this.#found = await this.#api.listNamespaces();
    this.#readMs = this.#world.clock.elapsedMs();
    this.#isDoubted = false;
  }

  /** An empty parameter is treated as a mistake, because it would end every target. */
  async #readNames(): Promise<readonly string[]> {
    const { namespaces, namespaces_parameter: parameter } = this.#config;
    if (parameter === undefined) return namespaces ?? [];
    const names = splitNames(await this.#api.readParameter(parameter));
    if (names.length === 0) throw new Error(`the SSM parameter ${parameter} names no namespace`);
    return names;
  }
}

/**
 * AWS answered, so this lack does not block the list: the name may be wrong, or be created later.
 */
function makeUnknownLack(name: string): Lack {
  const words = `there is no Cloud Map namespace ${JSON.stringify(name)} in this region`;
  const what = 'servicediscovery:ListNamespaces';
  return { what, scope: name, cause: 'unknown', words, isBlocking: false };
}
