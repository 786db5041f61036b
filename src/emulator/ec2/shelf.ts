/**
 * The resources of one type in a region of EC2, by their ids: what is not there, or no id of the
 * type, is refused in EC2's words, and so is one too many.
 */
import { randomBytes } from 'node:crypto';
import { AwsError } from '../service.ts';

export interface ShelfKind {
  /** `vpc` of `vpc-0a…`. */
  readonly prefix: string;
  /** As tags and policies name it: `vpc`, `security-group`. */
  readonly type: string;
  /** Begins the codes of errors: `InvalidVpcID` of `InvalidVpcID.NotFound`. */
  readonly code: string;
  /** In the words of errors: `vpc ID`. */
  readonly word: string;
  readonly max: number;
  readonly limitCode: string;
}

export class ResourceShelf<One extends object> {
  readonly kind: ShelfKind;
  readonly #all = new Map<string, One>();

  constructor(kind: ShelfKind) {
    this.kind = kind;
  }

  readonly ids = (): string[] => [...this.#all.keys()];

  values(): One[] {
    return [...this.#all.values()];
  }

  has(id: string): boolean {
    return this.#all.has(id);
  }

  /** @throws AwsError when there are as many as there may be */
  add(make: (id: string) => One, id = makeEc2Id(this.kind.prefix)): One {
    const { max, limitCode, word } = this.kind;
    if (this.#all.size >= max)
      throw new AwsError(limitCode, `There are ${max} of this type already (${word}).`);
    const made = make(id);
    this.#all.set(id, made);
    return made;
  }

  /** @throws AwsError */
  find(id: string): One {
    const { prefix, code, word } = this.kind;
    if (!new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id))
      throw new AwsError(`${code}.Malformed`, `Invalid id: "${id}"`);
    const found = this.#all.get(id);
    if (found === undefined) throw this.missing(`The ${word} '${id}' does not exist`);
    return found;
  }

  missing(message: string): AwsError {
    return new AwsError(`${this.kind.code}.NotFound`, message);
  }

  delete(id: string): void {
    this.#all.delete(id);
  }
}

export function makeEc2Id(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString('hex')}`;
}
