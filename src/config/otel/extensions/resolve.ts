/**
 * Resolves the extensions that `service` switches on, each once, whoever uses it: what is wrong
 * with one is told once, also where no exporter names it.
 */
import type { ConfigPath } from '../../../settings/finding.ts';
import { parseValue } from '../../reading.ts';
import type { ForwarderPlan, ServerPlan } from '../../plan.ts';
import type { Credentials } from '../authenticators.ts';
import { resolveAuthenticator } from '../authenticators.ts';
import type { CollectorContext } from '../component.ts';
import { typeOf } from '../components.ts';
import type { CollectorInput } from '../document.ts';
import type { Extension, ObservedTargets } from './extension.ts';
import { findExtension } from './extensions.ts';

export interface Extensions {
  /** As AuthenticatorContext has them. */
  readonly authenticators: ReadonlyMap<string, Credentials | 'no authenticator' | undefined>;
  readonly servers: readonly ServerPlan[];
  readonly forwarders: readonly ForwarderPlan[];
  /** By name of the extension. */
  readonly targets: ReadonlyMap<string, ObservedTargets>;
}

/** @param active  names of the extensions that `service` switches on */
export function resolveExtensions(
  input: CollectorInput,
  active: ReadonlySet<string>,
  context: CollectorContext,
): Extensions {
  const defined = input.extensions ?? {};
  const resolver = new Resolver(defined, active, context);
  const names = [...active].filter((name) => Object.hasOwn(defined, name));
  for (const name of names) resolver.resolve(name);
  const all = [...resolver.resolved];
  return {
    authenticators: new Map(all.map(([name, one]) => [name, readCredentials(one)])),
    servers: all.flatMap(([, one]) => one?.servers ?? []),
    forwarders: all.flatMap(([, one]) => one?.forwarders ?? []),
    targets: new Map(
      all.flatMap(([name, one]) => (one?.targets === undefined ? [] : [[name, one.targets]])),
    ),
  };
}

function readCredentials(one: Extension | undefined): Credentials | 'no authenticator' | undefined {
  return one === undefined ? undefined : (one.credentials ?? 'no authenticator');
}

class Resolver {
  readonly resolved = new Map<string, Extension | undefined>();
  readonly #defined: NonNullable<CollectorInput['extensions']>;
  readonly #active: ReadonlySet<string>;
  readonly #context: CollectorContext;
  /** Names that are being resolved, to find authenticators that add to each other. */
  readonly #open = new Set<string>();

  constructor(
    defined: NonNullable<CollectorInput['extensions']>,
    active: ReadonlySet<string>,
    context: CollectorContext,
  ) {
    this.#defined = defined;
    this.#active = active;
    this.#context = context;
  }

  resolve(name: string): void {
    if (this.resolved.has(name)) return;
    this.#open.add(name);
    const found = this.#resolveNow(name);
    this.#open.delete(name);
    this.resolved.set(name, found);
  }

  #resolveNow(name: string): Extension | undefined {
    // What can't be done at all was told with the list of extensions.
    const kind = findExtension(typeOf(name));
    if (kind === undefined) return undefined;
    const { reading, report } = this.#context;
    const at = ['extensions', name];
    const { allowsPartial } = reading;
    const parsed = parseValue(kind.schema, this.#defined[name] ?? {}, {
      allowsPartial,
      report,
      at,
    });
    if (parsed === undefined) return undefined;
    return kind.resolve(parsed.data, {
      ...this.#context,
      name,
      at,
      authenticate: (other, path) => this.#authenticate(other, path),
    });
  }

  #authenticate(name: string, path: ConfigPath): Credentials | undefined {
    const { report } = this.#context;
    if (this.#open.has(name)) {
      report.error(path, 'CONFIG_VALUE', `authenticator "${name}" adds to itself; name another`);
      return undefined;
    }
    const isDefined = (one: string): boolean => Object.hasOwn(this.#defined, one);
    if (isDefined(name) && this.#active.has(name)) this.resolve(name);
    const authenticators = new Map(
      [...this.resolved].map(([one, extension]) => [one, readCredentials(extension)]),
    );
    return resolveAuthenticator(name, path, { authenticators, isDefined, report });
  }
}
