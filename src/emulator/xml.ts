/** Writes elements and text of XML answers. */

/**
 * Escapes text for the content of an element. Control characters, which XML does not allow, are
 * written as character references, as AWS does.
 */
export function escapeXml(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  // oxlint-disable-next-line no-control-regex -- S3 takes keys with control characters
  return escaped.replaceAll(/[\u0000-\u001f\u007f]/g, (char) => `&#x${toHex(char)};`);
}

function toHex(char: string): string {
  return char.charCodeAt(0).toString(16);
}

/** Writes an element; the empty text for an undefined value. */
export function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`;
}
