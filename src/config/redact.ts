/**
 * Replaces the secrets of a configuration's text by `<secret>`: values of secret keys, of headers,
 * and passwords in URLs.
 */
import { isScalar, parseDocument, visit } from 'yaml';

/** Keys whose values are secrets, in both dialects. */
export const SECRET_KEYS = new Set([
  'password',
  'credentials',
  'bearer_token',
  'client_secret',
  'secret_key',
  'secrets',
  'key',
  // These are keys of the OpenTelemetry Collector.
  'token',
  'tokens',
  'key_pem',
]);
/** Mappings or lists whose values are secrets or may hold some, whatever their keys are. */
const SECRET_BLOCKS = new Set(['headers', 'response_headers', 'http_headers', 'endpoint_params']);
/** What says nothing of a value: names of headers in lists, and what is done with one. */
const SHOWN_IN_BLOCKS = new Set(['name', 'key', 'action', 'files', 'from_context']);
/** Sections in which `key` names an attribute. */
const SECTIONS_OF_NAMES = new Set(['processors']);
const HIDDEN = '<secret>';

export function redactConfig(text: string): string {
  const document = parseDocument(text);
  visit(document, {
    Scalar(_, node, path) {
      const keys = path.flatMap((step) =>
        'key' in step && isScalar(step.key) ? [step.key.value] : [],
      );
      const isKey = path.some((step) => 'key' in step && step.key === node);
      if (isKey || node.value === null) return;
      if (isSecretAt(keys.map(String))) node.value = HIDDEN;
      else if (typeof node.value === 'string')
        node.value = node.value.replace(/(\/\/[^/@:\s]*):[^/@\s]*@/, '$1:<secret>@');
    },
  });
  return document.toString();
}

/** @param keys  the keys of mappings above a text, the outermost first */
function isSecretAt(keys: readonly string[]): boolean {
  const last = keys.at(-1) ?? '';
  if (keys.slice(0, -1).some((key) => SECRET_BLOCKS.has(key))) return !SHOWN_IN_BLOCKS.has(last);
  return SECRET_KEYS.has(last) && !(last === 'key' && SECTIONS_OF_NAMES.has(keys[0] ?? ''));
}
