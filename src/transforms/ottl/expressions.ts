/**
 * Makes functions of a series of what an OTTL text says. Pure. Names, numbers of arguments, and
 * literals of a wrong type are found here, before any series comes.
 * Source: contrib's pkg/ottl/{boolean_value,functions,math,expression}.go
 */
import { type ArgumentSource, readArguments } from './arguments.ts';
import { converters } from './converters.ts';
import { OttlEvaluationError, OttlSyntaxError, OttlUnsupportedError } from './fault.ts';
import { type Compiling, type CompiledValue, type Getter, REFUSED_FUNCTIONS } from './functions.ts';
import { ENUMS, findPath, formatPath } from './paths.ts';
import type { CallNode, ConditionNode, PathNode, ValueNode } from './syntax.ts';
import {
  calculate,
  compareValues,
  describeType,
  textOfValue,
  negate,
  type OttlValue,
} from './value.ts';

/** @throws OttlSyntaxError, OttlUnsupportedError */
export function compileCondition(node: ConditionNode, compiling: Compiling): Getter<boolean> {
  switch (node.kind) {
    case 'constant':
      return () => node.value;
    case 'not': {
      const part = compileCondition(node.part, compiling);
      return (subject) => !part(subject);
    }
    case 'or': {
      const parts = node.parts.map((part) => compileCondition(part, compiling));
      return (subject) => parts.some((part) => part(subject));
    }
    case 'and': {
      const parts = node.parts.map((part) => compileCondition(part, compiling));
      return (subject) => parts.every((part) => part(subject));
    }
    case 'comparison': {
      const { get: left } = compileValue(node.left, compiling);
      const { get: right } = compileValue(node.right, compiling);
      return (subject) => compareValues(left(subject), right(subject), node.operator);
    }
    case 'test':
      return compileTest(node.call, compiling);
  }
}

function compileTest(call: CallNode, compiling: Compiling): Getter<boolean> {
  const { get } = compileValue(call, compiling);
  return (subject) => {
    const found = get(subject);
    if (typeof found === 'boolean') return found;
    throw new OttlEvaluationError(`${call.name}(…) gives ${describeType(found)}, no boolean`);
  };
}

/** @throws OttlSyntaxError, OttlUnsupportedError */
export function compileValue(node: ValueNode, compiling: Compiling): CompiledValue {
  switch (node.kind) {
    case 'nil':
      return literal(null);
    case 'string':
    case 'int':
    case 'float':
    case 'boolean':
      return literal(node.value);
    case 'enum': {
      const value = ENUMS.get(node.name);
      if (value !== undefined) return literal(value);
      throw new OttlSyntaxError(`unknown name ${JSON.stringify(node.name)}`, node.offset);
    }
    case 'list':
      return combine(
        node.items.map((item) => compileValue(item, compiling)),
        (values) => values,
      );
    case 'map':
      return combine(
        node.items.map(({ value }) => compileValue(value, compiling)),
        (values) => new Map(node.items.map(({ key }, index) => [key, values[index] as OttlValue])),
      );
    case 'negate':
      return combine([compileValue(node.value, compiling)], ([value]) =>
        negate(value as OttlValue),
      );
    case 'math':
      return combine(
        [compileValue(node.left, compiling), compileValue(node.right, compiling)],
        ([left, right]) => calculate(left as OttlValue, right as OttlValue, node.operator),
      );
    case 'path':
      return compilePath(node, compiling);
    case 'call':
      return compileCall(node, compiling);
  }
}

function literal(value: OttlValue): CompiledValue {
  return { get: () => value, isLiteral: true };
}

function combine(
  parts: readonly CompiledValue[],
  make: (values: OttlValue[]) => OttlValue,
): CompiledValue {
  return {
    get: (subject) => make(parts.map(({ get }) => get(subject))),
    isLiteral: parts.every(({ isLiteral }) => isLiteral),
  };
}

function compilePath(node: PathNode, compiling: Compiling): CompiledValue {
  const { place, keys } = findPath(node, compiling);
  if (place.unreadable !== undefined)
    throw new OttlUnsupportedError(`"${formatPath(node)}": ${place.unreadable}`, node.offset);
  compiling.onRead(place);
  const steps = keys.map((key) => compileValue(key, compiling).get);
  return {
    isLiteral: false,
    get: (subject) => {
      let value: OttlValue = place.get(subject);
      for (const step of steps) {
        // A key that is absent ends in nil; only what has no keys at all is an error.
        if (value === null) return null;
        value = takeKey(value, step(subject)) ?? null;
      }
      return value;
    },
  };
}

function compileCall(node: CallNode, compiling: Compiling): CompiledValue {
  const found = Object.hasOwn(converters, node.name) ? converters[node.name] : undefined;
  if (found === undefined) refuseFunction(node);
  const get = found.create(readArguments(node, found.parameters, makeSource(compiling)));
  const steps = node.keys.map((key) => compileValue(key, compiling).get);
  return {
    isLiteral: false,
    get: (subject) => {
      let value = get(subject);
      for (const step of steps) {
        const key = step(subject);
        const inside = takeKey(value, key);
        if (inside === undefined)
          throw new OttlEvaluationError(`${node.name}(…) has no ${textOfValue(key)}`);
        value = inside;
      }
      return value;
    },
  };
}

/** How the arguments of a call are compiled. */
export function makeSource(compiling: Compiling): ArgumentSource {
  return { rules: compiling, compile: (node) => compileValue(node, compiling) };
}

/** What a map or a list has at a key; undefined where it has nothing there. */
function takeKey(value: OttlValue, key: OttlValue): OttlValue | undefined {
  if (value instanceof Map) {
    if (typeof key === 'string') return value.get(key);
    throw new OttlEvaluationError(`${describeType(key)} is no key of a map`);
  }
  if (typeof value !== 'object' || value === null)
    throw new OttlEvaluationError(`${describeType(value)} has no keys`);
  if (typeof key !== 'bigint')
    throw new OttlEvaluationError(`${describeType(key)} is no index of a list`);
  const item = key < 0n ? undefined : value[Number(key)];
  if (item === undefined) throw new OttlEvaluationError(`a list has no item ${key}`);
  return item;
}

/** @throws OttlUnsupportedError for a function of OTTL, OttlSyntaxError for any other */
export function refuseFunction({ name, offset }: CallNode): never {
  const reason = REFUSED_FUNCTIONS.get(name);
  if (reason === undefined) throw new OttlSyntaxError(`unknown function ${name}(…)`, offset);
  const ending = reason === '' ? ' is not supported' : `: ${reason}`;
  throw new OttlUnsupportedError(`${name}(…)${ending}`, offset);
}
