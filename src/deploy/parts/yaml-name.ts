/** Names in the text of a configuration. */

/** What YAML, in one of its versions, takes for something else than a text. */
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A name as it stands in YAML: in quotes where it would be a number, a comment or a word. */
export function yamlName(name: string): string {
  return /^[a-z][\w./#-]*$/i.test(name) && !WORDS.test(name) ? name : JSON.stringify(name);
}
