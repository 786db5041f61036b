/**
 * What an OTTL text says, before the names in it mean anything. Types only.
 * Source: contrib's pkg/ottl/grammar.go
 */

export interface PathField {
  readonly name: string;
  readonly keys: readonly ValueNode[];
}

export interface PathNode {
  readonly kind: 'path';
  readonly fields: readonly PathField[];
  readonly offset: number;
}

export interface Argument {
  readonly name: string | undefined;
  readonly value: ValueNode;
}

export interface CallNode {
  readonly kind: 'call';
  readonly name: string;
  readonly arguments: readonly Argument[];
  readonly keys: readonly ValueNode[];
  readonly offset: number;
}

export type MathOperator = '+' | '-' | '*' | '/';

export type ValueNode =
  | PathNode
  | CallNode
  | { readonly kind: 'nil'; readonly offset: number }
  | { readonly kind: 'string'; readonly value: string; readonly offset: number }
  | { readonly kind: 'int'; readonly value: bigint; readonly offset: number }
  | { readonly kind: 'float'; readonly value: number; readonly offset: number }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly offset: number }
  | { readonly kind: 'enum'; readonly name: string; readonly offset: number }
  | { readonly kind: 'list'; readonly items: readonly ValueNode[]; readonly offset: number }
  | {
      readonly kind: 'map';
      readonly items: readonly { readonly key: string; readonly value: ValueNode }[];
      readonly offset: number;
    }
  | { readonly kind: 'negate'; readonly value: ValueNode; readonly offset: number }
  | {
      readonly kind: 'math';
      readonly operator: MathOperator;
      readonly left: ValueNode;
      readonly right: ValueNode;
      readonly offset: number;
    };

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';

export type ConditionNode =
  | { readonly kind: 'or' | 'and'; readonly parts: readonly ConditionNode[] }
  | { readonly kind: 'not'; readonly part: ConditionNode }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: ValueNode;
      readonly right: ValueNode;
    }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'test'; readonly call: CallNode };

export interface StatementNode {
  readonly editor: CallNode;
  readonly where: ConditionNode | undefined;
}
