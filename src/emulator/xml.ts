/** Text in XML answers. */

/**
 * As content of an element; control characters, which XML lacks, as references, as AWS writes them.
 */
export function escapeXml(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // oxlint-disable-next-line no-control-regex -- S3 takes keys with them
      .replaceAll(/[\u0000-\u001f\u007f]/g, (one) => `&#x${one.charCodeAt(0).toString(16)};`)
  );
}

/** An element; nothing for what is undefined. */
export function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`;
}
