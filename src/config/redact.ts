/** Replaces the secrets of a configuration's text, passwords in URLs too, by `<secret>`. */
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
const HIDDEN = '<secret>';

export function redactConfig(text: string): string {
  const document = parseDocument(text);
  visit(document, {
    Scalar(_, node, path) {
      const keys = path.flatMap((step) =>
        'key' in step && isScalar(step.key) ? [step.key.value] : [],
      );
      const isKey = path.some((step) => 'key' in step && step.key === node);
      if (isKey || typeof node.value !== 'string') return;
      if (SECRET_KEYS.has(String(keys.at(-1)))) node.value = HIDDEN;
      else node.value = node.value.replace(/(\/\/[^/@:\s]*):[^/@\s]*@/, '$1:<secret>@');
    },
  });
  return document.toString();
}
