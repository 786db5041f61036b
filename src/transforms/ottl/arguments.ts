/**
 * The arguments of a call: by position or by name, each read in the type that its function needs.
 * Pure. A literal of a wrong type, and a pattern that is none, are errors at once.
 * Source: contrib's pkg/ottl/functions.go
 */
import {
  OttlEvaluationError,
  OttlSyntaxError,
  OttlTypeError,
  OttlUnsupportedError,
} from './fault.ts';
import type { Arguments, Compiling, CompiledValue, Getter, EditTarget } from './functions.ts';
import { findPath, formatPath } from './paths.ts';
import { compileSearch, type SearchRegex } from '../../relabel/search.ts';
import { compileWildcards } from './wildcards.ts';
import type { CallNode, ValueNode } from './syntax.ts';
import type { Subject } from './subject.ts';
import { describeType, textOfValue, type OttlValue, type ValueMap } from './value.ts';

/** By which rules, and by what, arguments are compiled. */
export interface ArgumentSource {
  readonly rules: Compiling;
  readonly compile: (node: ValueNode) => CompiledValue;
}

/**
 * Reads the arguments of a call.
 *
 * @param parameters  names in order; `?` behind one that may be left out
 * @throws OttlSyntaxError for a number of arguments or a name that does not fit
 */
export function readArguments(
  call: CallNode,
  parameters: readonly string[],
  source: ArgumentSource,
): Arguments {
  const names = parameters.map((name) => name.replace('?', ''));
  const nodes: (ValueNode | undefined)[] = names.map(() => undefined);
  let hasNamed = false;
  for (const [position, { name, value }] of call.arguments.entries()) {
    if (name === undefined && hasNamed)
      throw new OttlSyntaxError('an argument without a name behind one with a name', value.offset);
    hasNamed ||= name !== undefined;
    const index = name === undefined ? position : names.indexOf(name);
    if (index < 0 || index >= names.length || nodes[index] !== undefined)
      throw new OttlSyntaxError(describeCall(call, parameters), value.offset);
    nodes[index] = value;
  }
  if (parameters.some((name, index) => !name.endsWith('?') && nodes[index] === undefined))
    throw new OttlSyntaxError(describeCall(call, parameters), call.offset);
  return new CallArguments(call, nodes, source);
}

function describeCall({ name }: CallNode, parameters: readonly string[]): string {
  return `the arguments of ${name} are (${parameters.join(', ')})`;
}

class CallArguments implements Arguments {
  readonly #call: CallNode;
  readonly #nodes: readonly (ValueNode | undefined)[];
  readonly #source: ArgumentSource;

  constructor(call: CallNode, nodes: readonly (ValueNode | undefined)[], source: ArgumentSource) {
    this.#call = call;
    this.#nodes = nodes;
    this.#source = source;
  }

  has(index: number): boolean {
    return this.#nodes[index] !== undefined;
  }

  any(index: number): Getter {
    return this.#compile(this.#nodeAt(index)).get;
  }

  text(index: number): Getter<string> {
    return this.#read(this.#nodeAt(index), expectText);
  }

  textLike(index: number): Getter<string | undefined> {
    return this.#read(this.#nodeAt(index), textOfValue);
  }

  int(index: number): Getter<bigint> {
    return this.#read(this.#nodeAt(index), expectInt);
  }

  map(index: number): Getter<ValueMap> {
    return this.#read(this.#nodeAt(index), expectMap);
  }

  texts(index: number): readonly Getter<string>[] {
    return this.#itemsAt(index).map((item) => this.#read(item, expectText));
  }

  textLikes(index: number): readonly Getter<string | undefined>[] {
    return this.#itemsAt(index).map((item) => this.#read(item, textOfValue));
  }

  anys(index: number): readonly Getter[] {
    return this.#itemsAt(index).map((item) => this.#compile(item).get);
  }

  literalText(index: number): string {
    return this.#literal(this.#nodeAt(index), 'string', 'a text in quotes').value;
  }

  literalTexts(index: number): readonly string[] {
    return this.#itemsAt(index).map((item) => this.#literal(item, 'string', 'a text').value);
  }

  literalInt(index: number): number {
    return Number(this.#literal(this.#nodeAt(index), 'int', 'a whole number').value);
  }

  literalBoolean(index: number): boolean {
    return this.#literal(this.#nodeAt(index), 'boolean', 'true or false').value;
  }

  regex(index: number): Getter<SearchRegex> {
    return this.#pattern(index, compileSearch);
  }

  wildcards(index: number): Getter<SearchRegex> {
    return this.#pattern(index, compileWildcards);
  }

  target(index: number): EditTarget {
    const node = this.#nodeAt(index);
    if (node.kind !== 'path') throw new OttlSyntaxError('expected a path', node.offset);
    const { place, keys } = findPath(node, this.#source.rules);
    const get: Getter =
      this.#call.name === 'set' ? (subject) => place.get(subject) : this.#compile(node).get;
    const set = place.set && ((subject: Subject, value: OttlValue) => place.set?.(subject, value));
    if (set === undefined && place.idle === undefined)
      throw new OttlUnsupportedError(`"${formatPath(node)}" can't be changed`, node.offset);
    const [key, second] = keys.map((one) => this.#read(one, expectText));
    if (second !== undefined)
      throw new OttlUnsupportedError('only one key deep can be changed', node.offset);
    if (set === undefined) return { place, get, set: () => undefined };
    if (key === undefined) return { place, get, set };
    const setKey = (subject: Subject, value: OttlValue): void =>
      void expectMap(place.get(subject)).set(key(subject), value);
    return { place, get, set: setKey };
  }

  refuse(index: number, message: string): never {
    throw new OttlSyntaxError(message, this.#nodeAt(index).offset);
  }

  lack(index: number, message: string): never {
    throw new OttlUnsupportedError(message, this.#nodeAt(index).offset);
  }

  #nodeAt(index: number): ValueNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new OttlSyntaxError('an argument is missing', this.#call.offset);
    return node;
  }

  #itemsAt(index: number): readonly ValueNode[] {
    const node = this.#nodeAt(index);
    if (node.kind !== 'list') throw new OttlSyntaxError('expected a list [ ]', node.offset);
    return node.items;
  }

  #compile(node: ValueNode): CompiledValue {
    return this.#source.compile(node);
  }

  #read<Type>(node: ValueNode, convert: (value: OttlValue) => Type): Getter<Type> {
    const { get, isLiteral } = this.#compile(node);
    if (isLiteral) checkLiteral(node, () => convert(get(NO_SUBJECT)));
    return (subject) => convert(get(subject));
  }

  #pattern(index: number, compile: (source: string) => SearchRegex): Getter<SearchRegex> {
    const node = this.#nodeAt(index);
    const source = this.text(index);
    if (!this.#compile(node).isLiteral) {
      return (subject) => {
        try {
          return compile(source(subject));
        } catch (error) {
          if (error instanceof OttlEvaluationError) throw error;
          throw new OttlEvaluationError((error as Error).message, { cause: error });
        }
      };
    }
    const pattern = checkLiteral(node, () => compile(source(NO_SUBJECT)));
    return () => pattern;
  }

  #literal<Kind extends ValueNode['kind']>(
    node: ValueNode,
    kind: Kind,
    expected: string,
  ): Extract<ValueNode, { kind: Kind }> {
    if (node.kind === kind) return node as Extract<ValueNode, { kind: Kind }>;
    throw new OttlSyntaxError(`expected ${expected}`, node.offset);
  }
}

/** For what is the same for every series, and so looks at none. */
const NO_SUBJECT = undefined as unknown as Subject;

function checkLiteral<Result>(node: ValueNode, make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    throw new OttlSyntaxError((error as Error).message, node.offset);
  }
}

function expectText(value: OttlValue): string {
  if (typeof value === 'string') return value;
  throw new OttlTypeError(`${describeType(value)} where a text is expected`);
}

function expectInt(value: OttlValue): bigint {
  if (typeof value === 'bigint') return value;
  throw new OttlTypeError(`${describeType(value)} where an int is expected`);
}

function expectMap(value: OttlValue): ValueMap {
  if (value instanceof Map) return value;
  throw new OttlTypeError(`${describeType(value)} where a map is expected`);
}
