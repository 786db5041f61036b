/**
 * The editors of OTTL, which change a series. Pure.
 * Source: contrib's pkg/ottl/ottlfuncs
 */
import { truncate } from './converters.ts';
import { OttlTypeError } from './fault.ts';
import type { Arguments, Getter, OttlEditor } from './functions.ts';
import type { Subject } from './subject.ts';
import { describeType, type ValueMap } from './value.ts';

export const editors: Readonly<Record<string, OttlEditor>> = {
  set: {
    parameters: ['target', 'value'],
    isIdempotent: true,
    create: (given) => {
      const [target, value] = [given.target(0), given.any(1)];
      return (subject) => {
        const found = value(subject);
        if (found !== null) target.set(subject, found);
      };
    },
  },
  delete_key: onMap(['key'], (given) => {
    const key = given.text(1);
    return (map, subject) => void map.delete(key(subject));
  }),
  delete_matching_keys: onMap(['pattern'], (given) => {
    const pattern = given.regex(1);
    return (map, subject) => {
      const { test } = pattern(subject);
      for (const key of map.keys()) if (test(key)) map.delete(key);
    };
  }),
  keep_keys: onMap(['keys'], (given) => {
    const keys = given.texts(1);
    return (map, subject) => {
      const kept = new Set(keys.map((key) => key(subject)));
      for (const key of map.keys()) if (!kept.has(key)) map.delete(key);
    };
  }),
  keep_matching_keys: onMap(['pattern'], (given) => {
    const pattern = given.regex(1);
    return (map, subject) => {
      const { test } = pattern(subject);
      for (const key of map.keys()) if (!test(key)) map.delete(key);
    };
  }),
  limit: onMap(['limit', 'priority_keys'], createLimit),
  truncate_all: onMap(['limit', 'utf8_safe?'], (given) => {
    const limit = given.literalInt(1);
    if (limit < 0) given.refuse(1, 'a limit is not negative');
    const isSafe = !given.has(2) || given.literalBoolean(2);
    return (map) => {
      for (const [key, value] of map)
        if (typeof value === 'string') map.set(key, truncate(value, limit, isSafe));
    };
  }),
  merge_maps: {
    ...onMap(['source', 'strategy'], (given) => {
      const [source, strategy] = [given.map(1), given.literalText(2)];
      if (!['insert', 'update', 'upsert'].includes(strategy))
        given.refuse(2, 'the strategy is "insert", "update" or "upsert"');
      return (map, subject) => {
        for (const [key, value] of source(subject))
          if (strategy === 'upsert' || map.has(key) === (strategy === 'update'))
            map.set(key, value);
      };
    }),
    isIdempotent: false,
  },
  replace_pattern: {
    parameters: ['target', 'regex_pattern', 'replacement', 'function?', 'replacement_format?'],
    isIdempotent: false,
    create: (given) => {
      const [target, pattern, replacement] = [given.target(0), given.regex(1), given.text(2)];
      refuseFunction(given, 3);
      return (subject) => {
        const text = target.get(subject);
        if (text === null) return;
        const filling = replacement(subject);
        if (typeof text !== 'string') return;
        const compiled = pattern(subject);
        if (compiled.test(text)) target.set(subject, compiled.replaceAll(text, filling));
      };
    },
  },
  replace_match: {
    parameters: ['target', 'pattern', 'replacement', 'function?', 'replacement_format?'],
    isIdempotent: false,
    create: (given) => {
      const [target, pattern, replacement] = [given.target(0), given.wildcards(1), given.text(2)];
      refuseFunction(given, 3);
      return (subject) => {
        const text = target.get(subject);
        const filling = replacement(subject);
        if (typeof text === 'string' && pattern(subject).test(text)) target.set(subject, filling);
      };
    },
  },
  replace_all_patterns: {
    ...onMap(
      ['mode', 'regex_pattern', 'replacement', 'function?', 'replacement_format?'],
      createReplaceAllPatterns,
    ),
    isIdempotent: false,
  },
  replace_all_matches: {
    ...onMap(['pattern', 'replacement', 'function?', 'replacement_format?'], (given) => {
      const [pattern, replacement] = [given.wildcards(1), given.text(2)];
      refuseFunction(given, 3);
      return (map, subject) => {
        const { test } = pattern(subject);
        const filling = replacement(subject);
        for (const [key, value] of map)
          if (typeof value === 'string' && test(value)) map.set(key, filling);
      };
    }),
    isIdempotent: false,
  },
};

type EditMap = (map: ValueMap, subject: Subject) => void;

/** An editor of the map that its first argument is. */
function onMap(parameters: readonly string[], create: (given: Arguments) => EditMap): OttlEditor {
  return {
    parameters: ['target', ...parameters],
    isIdempotent: true,
    create: (given) => {
      const [target, edit] = [given.target(0), create(given)];
      return (subject) => {
        const map = target.get(subject);
        if (!(map instanceof Map)) throw new OttlTypeError(`${describeType(map)} is no map`);
        const copy: ValueMap = new Map(map);
        edit(copy, subject);
        target.set(subject, copy);
      };
    },
  };
}

function createLimit(given: Arguments): EditMap {
  const limit = given.literalInt(1);
  const first = new Set(given.literalTexts(2));
  if (limit < 0) given.refuse(1, 'a limit is not negative');
  if (limit < first.size) given.refuse(1, 'the limit is less than the number of priority keys');
  return (map) => {
    if (map.size <= limit) return;
    let count = [...first].filter((key) => map.has(key)).length;
    for (const key of map.keys()) {
      if (first.has(key)) continue;
      if (count < limit) count += 1;
      else map.delete(key);
    }
  };
}

function createReplaceAllPatterns(given: Arguments): EditMap {
  const mode = given.literalText(1);
  const pattern = given.regex(2);
  const replacement: Getter<string> = given.text(3);
  if (mode !== 'key' && mode !== 'value') given.refuse(1, 'the mode is "key" or "value"');
  refuseFunction(given, 4);
  return (map, subject) => {
    const { replaceAll, test } = pattern(subject);
    const filling = replacement(subject);
    const entries = [...map];
    if (mode === 'key') map.clear();
    for (const [key, value] of entries) {
      if (mode === 'key') map.set(test(key) ? replaceAll(key, filling) : key, value);
      else if (typeof value === 'string' && test(value)) map.set(key, replaceAll(value, filling));
    }
  };
}

function refuseFunction(given: Arguments, index: number): void {
  if (given.has(index)) given.lack(index, "a function for the replacement can't be done");
  if (given.has(index + 1)) given.lack(index + 1, "replacement_format can't be done");
}
