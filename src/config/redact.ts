/**
 * A configuration as it may be shown: its text, secrets replaced by `<secret>`, passwords taken out
 * of URLs.
 */
import { isScalar, parseDocument, visit } from 'yaml';

const SECRET_KEYS = new Set([
  'password',
  'credentials',
  'bearer_token',
  'client_secret',
  'secret_key',
  'secrets',
  'key',
  // Of the OpenTelemetry Collector's configurations.
  'token',
  'tokens',
  'key_pem',
]);
const HIDDEN = '<secret>';

export function redactConfig(text: string): string {
  const document = parseDocument(text);
  visit(document, {
    Scalar(_, node, path) {
      const keys = path.flatMap((one) =>
        'key' in one && isScalar(one.key) ? [one.key.value] : [],
      );
      const isKey = path.some((one) => 'key' in one && one.key === node);
      if (isKey || typeof node.value !== 'string') return;
      if (SECRET_KEYS.has(String(keys.at(-1)))) node.value = HIDDEN;
      else node.value = node.value.replace(/(\/\/[^/@:\s]*):[^/@\s]*@/, '$1:<secret>@');
    },
  });
  return document.toString();
}
