/**
 * Reads OTTL conditions and statements. Pure. A text outside the grammar is an error at its
 * character; lambda expressions are known and refused.
 * Source: contrib's pkg/ottl/grammar.go, contrib/pkg/ottl
 */
import { OttlSyntaxError, OttlUnsupportedError } from './fault.ts';
import { readTokens, type OttlToken } from './lexer.ts';
import type {
  Argument,
  CallNode,
  ComparisonOperator,
  ConditionNode,
  MathOperator,
  PathField,
  StatementNode,
  ValueNode,
} from './syntax.ts';

/** How deep parentheses, lists, maps, keys and calls may stand in one another. */
export const NESTING_MAX = 64;

/** @throws OttlSyntaxError */
export function parseCondition(text: string): ConditionNode {
  return new Parser(text).parseWhole((parser) => parser.parseOr());
}

/** @throws OttlSyntaxError */
export function parseStatement(text: string): StatementNode {
  return new Parser(text).parseWhole((parser) => parser.parseStatement());
}

const KEYWORDS: ReadonlySet<string> = new Set(['nil', 'not', 'and', 'or', 'true', 'false', '_']);
const INT_MAX = 2n ** 63n - 1n;

/** A condition in parentheses, or a value: which of the two stands there shows behind it. */
type Operand = { readonly condition: ConditionNode } | { readonly value: ValueNode };

class Parser {
  readonly #tokens: readonly OttlToken[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = readTokens(text);
  }

  parseWhole<Node>(parse: (parser: Parser) => Node): Node {
    const node = parse(this);
    const rest = this.#next;
    if (rest.kind !== 'end') this.#fail('expected the end');
    return node;
  }

  parseStatement(): StatementNode {
    const first = this.#next;
    if (first.kind === 'converter')
      this.#fail('names of editors, which change something, begin with a small letter');
    if (first.kind !== 'name' || !this.#isCall()) this.#fail('expected an editor, as in set(…)');
    const editor = this.#parseCall();
    if (editor.keys.length > 0)
      throw new OttlSyntaxError(`${editor.name}(…) has no keys`, editor.offset);
    return { editor, where: this.#take('where') ? this.parseOr() : undefined };
  }

  parseOr(): ConditionNode {
    return this.#parseConnected('or', () => this.#parseConnected('and', () => this.#parseNot()));
  }

  #parseConnected(kind: 'or' | 'and', parse: () => ConditionNode): ConditionNode {
    const first = parse();
    if (!this.#isWord(kind)) return first;
    const parts = [first];
    while (this.#take(kind)) parts.push(parse());
    return { kind, parts };
  }

  #parseNot(): ConditionNode {
    if (!this.#take('not')) return this.#parseTest();
    return { kind: 'not', part: this.#parseTest() };
  }

  #parseTest(): ConditionNode {
    const start = this.#next;
    const operand = this.#parseOperand();
    return this.#finishTest(operand, start);
  }

  /** A comparison, when its operator follows; else what may stand as a condition by itself. */
  #finishTest(operand: Operand, start: OttlToken): ConditionNode {
    if ('condition' in operand) return operand.condition;
    const { value } = operand;
    if (this.#next.kind === 'comparison') {
      const operator = this.#advance().text as ComparisonOperator;
      return { kind: 'comparison', operator, left: value, right: this.#parseSum() };
    }
    if (value.kind === 'boolean') return { kind: 'constant', value: value.value };
    if (value.kind === 'call') return { kind: 'test', call: value };
    if (this.#next.kind === 'end' || !('value' in operand))
      throw new OttlSyntaxError('expected a comparison, such as == "a" or != nil', start.offset);
    return this.#fail('expected a comparison, such as == "a" or != nil');
  }

  /**
   * What begins with a parenthesis may be a condition or a calculation. It is read once, as
   * either, so that the time is linear in the text however deep they stand.
   */
  #parseOperand(): Operand {
    if (!this.#is('(')) return { value: this.#parseSum() };
    const inner = this.#parseParenthesis();
    if ('condition' in inner) return inner;
    return { value: this.#continueSum(this.#continueProduct(inner.value)) };
  }

  #parseParenthesis(): Operand {
    return this.#nested(() => {
      const open = this.#advance();
      if (this.#is(')')) this.#refuseLambda(open);
      const inner = this.#parseInner();
      if (this.#is(',')) this.#refuseLambda(open);
      this.#expect(')');
      if (this.#next.kind === 'arrow') this.#refuseLambda(open);
      return inner;
    });
  }

  #parseInner(): Operand {
    const start = this.#next;
    if (this.#isWord('not')) return { condition: this.parseOr() };
    const operand = this.#parseOperand();
    const isAlone = 'value' in operand && this.#next.kind !== 'comparison';
    if (isAlone && !this.#isWord('and') && !this.#isWord('or')) {
      if (operand.value.kind === 'boolean') return { condition: this.#finishTest(operand, start) };
      if (CALCULATED.has(operand.value.kind)) return operand;
    }
    return { condition: this.#connect(this.#finishTest(operand, start)) };
  }

  /** Goes on with `and` and `or` behind a condition that has been read. */
  #connect(first: ConditionNode): ConditionNode {
    let isFirst = true;
    return this.#parseConnected('or', () =>
      this.#parseConnected('and', () => {
        if (!isFirst) return this.#parseNot();
        isFirst = false;
        return first;
      }),
    );
  }

  #parseSum(): ValueNode {
    return this.#continueSum(this.#continueProduct(this.#parseSigned()));
  }

  #continueSum(first: ValueNode): ValueNode {
    let left = first;
    while (this.#next.kind === 'sign')
      left = this.#parseMath(left, () => this.#continueProduct(this.#parseSigned()));
    return left;
  }

  #continueProduct(first: ValueNode): ValueNode {
    let left = first;
    while (this.#next.kind === 'factor') left = this.#parseMath(left, () => this.#parseSigned());
    return left;
  }

  #parseMath(left: ValueNode, parse: () => ValueNode): ValueNode {
    const { text, offset } = this.#advance();
    const right = parse();
    for (const one of [left, right])
      if (!CALCULATED.has(one.kind))
        throw new OttlSyntaxError(`${text} needs numbers on both sides`, one.offset);
    return { kind: 'math', operator: text as MathOperator, left, right, offset };
  }

  #parseSigned(): ValueNode {
    if (this.#next.kind !== 'sign') return this.#parseValue();
    const { text, offset } = this.#advance();
    if (this.#next.kind === 'sign') this.#fail('expected a number');
    const value = this.#parseValue();
    if (!CALCULATED.has(value.kind))
      throw new OttlSyntaxError(`${text} needs a number behind it`, value.offset);
    if (text === '+') return value;
    if (value.kind === 'int') return { kind: 'int', value: -value.value, offset };
    if (value.kind === 'float') return { kind: 'float', value: -value.value, offset };
    return { kind: 'negate', value, offset };
  }

  #parseValue(): ValueNode {
    const { kind, text, offset } = this.#next;
    if (this.#is('(')) {
      const inner = this.#parseParenthesis();
      if ('value' in inner) return inner.value;
      throw new OttlSyntaxError('a condition stands where a value is expected', offset);
    }
    if (this.#is('[')) return this.#parseList();
    if (this.#is('{')) return this.#parseMap();
    if (kind === 'string' || kind === 'int' || kind === 'float') return this.#parseLiteral();
    if (kind === 'bytes')
      throw new OttlUnsupportedError(`bytes (${text}): no attribute of a series has any`, offset);
    if (kind === 'converter' && !this.#isCall()) {
      this.#advance();
      return { kind: 'enum', name: text, offset };
    }
    if (kind === 'converter') return this.#parseCall();
    if (kind !== 'name') return this.#fail('expected a value');
    if (text === 'nil' || text === 'true' || text === 'false') {
      this.#advance();
      if (text === 'nil') return { kind: 'nil', offset };
      return { kind: 'boolean', value: text === 'true', offset };
    }
    if (KEYWORDS.has(text)) return this.#fail('expected a value');
    if (this.#isCall())
      throw new OttlSyntaxError(
        `names of converters, which give a value, begin with a capital: ${text}(…)`,
        offset,
      );
    return this.#parsePath();
  }

  #parseLiteral(): ValueNode {
    const { kind, text, offset } = this.#advance();
    if (kind === 'string') return { kind, value: text, offset };
    if (kind === 'float') return { kind, value: Number(text), offset };
    const value = BigInt(text);
    if (value > INT_MAX) throw new OttlSyntaxError(`${text} does not fit into 64 bits`, offset);
    return { kind: 'int', value, offset };
  }

  #parsePath(): ValueNode {
    const { offset } = this.#next;
    const fields: PathField[] = [];
    do {
      const { kind, text } = this.#next;
      if (kind !== 'name' || !/^[a-z][a-z0-9_]*$/.test(text)) this.#fail('expected a name');
      this.#advance();
      fields.push({ name: text, keys: this.#parseKeys() });
    } while (this.#take('.'));
    return { kind: 'path', fields, offset };
  }

  #parseKeys(): ValueNode[] {
    const keys: ValueNode[] = [];
    while (this.#is('[')) {
      keys.push(
        this.#nested(() => {
          this.#advance();
          const key = this.#parseSum();
          if (key.kind !== 'string' && !CALCULATED.has(key.kind))
            throw new OttlSyntaxError('a key is a text or a number', key.offset);
          this.#expect(']');
          return key;
        }),
      );
    }
    return keys;
  }

  #parseCall(): CallNode {
    const { text: name, offset } = this.#advance();
    const written = this.#nested(() => {
      this.#advance();
      return this.#parseUntil(')', () => this.#parseArgument());
    });
    return { kind: 'call', name, arguments: written, keys: this.#parseKeys(), offset };
  }

  #parseArgument(): Argument {
    const { kind, text } = this.#next;
    const follows = this.#tokens[this.#index + 1];
    const isNamed = kind === 'name' && follows?.kind === 'punctuation' && follows.text === '=';
    if (!isNamed) return { name: undefined, value: this.#parseSum() };
    this.#advance();
    this.#advance();
    return { name: text, value: this.#parseSum() };
  }

  #parseList(): ValueNode {
    const { offset } = this.#next;
    return this.#nested(() => {
      this.#advance();
      return { kind: 'list', items: this.#parseUntil(']', () => this.#parseSum()), offset };
    });
  }

  #parseMap(): ValueNode {
    const { offset } = this.#next;
    return this.#nested(() => {
      this.#advance();
      const items = this.#parseUntil('}', () => {
        if (this.#next.kind !== 'string') this.#fail('expected a key in quotes');
        const key = this.#advance().text;
        this.#expect(':');
        return { key, value: this.#parseSum() };
      });
      return { kind: 'map', items, offset };
    });
  }

  /** Items with commas between them, up to the closing mark, which is taken too. */
  #parseUntil<Item>(close: string, parse: () => Item): Item[] {
    const items: Item[] = [];
    if (this.#take(close)) return items;
    do items.push(parse());
    while (this.#take(','));
    this.#expect(close, `expected "," or "${close}"`);
    return items;
  }

  #nested<Result>(parse: () => Result): Result {
    if (this.#depth >= NESTING_MAX) this.#fail(`nested more than ${NESTING_MAX} deep`);
    this.#depth += 1;
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  #refuseLambda({ offset }: OttlToken): never {
    const rest = this.#tokens.slice(this.#index).find(({ kind }) => kind === 'arrow');
    if (rest !== undefined)
      throw new OttlUnsupportedError('lambda expressions ("=>") are not supported', offset);
    return this.#fail('expected a value');
  }

  get #next(): OttlToken {
    return this.#tokens[this.#index] as OttlToken;
  }

  #advance(): OttlToken {
    const token = this.#next;
    if (token.kind !== 'end') this.#index += 1;
    return token;
  }

  #isCall(): boolean {
    const follows = this.#tokens[this.#index + 1];
    return follows?.kind === 'punctuation' && follows.text === '(';
  }

  #is(mark: string): boolean {
    return this.#next.kind === 'punctuation' && this.#next.text === mark;
  }

  #isWord(word: string): boolean {
    return this.#next.kind === 'name' && this.#next.text === word;
  }

  #take(text: string): boolean {
    const isHere = this.#is(text) || this.#isWord(text);
    if (isHere) this.#index += 1;
    return isHere;
  }

  #expect(mark: string, message = `expected "${mark}"`): void {
    if (!this.#take(mark)) this.#fail(message);
  }

  #fail(message: string): never {
    const { kind, text, offset } = this.#next;
    const found = kind === 'end' ? 'the end' : JSON.stringify(text);
    throw new OttlSyntaxError(`${message}, found ${found}`, offset);
  }
}

/** Kinds of values that may stand in a calculation, and alone in parentheses. */
const CALCULATED: ReadonlySet<string> = new Set(['path', 'call', 'int', 'float', 'math', 'negate']);
