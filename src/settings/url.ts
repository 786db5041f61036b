/**
 * HTTP URLs in settings, and how a URL is shown: without a password or token in it.
 */
import * as z from 'zod';

/** The schema of an HTTP URL. @param key  its name in the configuration, for the message */
export function httpUrlSchema(key: string) {
  return z.string().superRefine((text, context) => {
    const message = findUrlFault(key, text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

/**
 * The message for a text that is no HTTP URL; undefined when it is one.
 *
 * @param key  its name in the configuration, with which the message begins
 */
export function findUrlFault(key: string, text: string): string | undefined {
  // The parser takes "http:host" and "http:///host" too, which nobody means to write.
  if (/^https?:\/\/[^/]/i.test(text) && URL.canParse(text)) return undefined;
  const shown = JSON.stringify(withoutSecrets(text));
  return `${key} ${shown} must begin with http:// or https:// and name a host`;
}

/**
 * A text that is or was meant to be a URL, without what may be secret: what is before the last "@",
 * a port that is no number, and the query.
 */
export function withoutSecrets(text: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?([^?]*)/i.exec(text) ?? [];
  const query = text.includes('?') ? '?…' : '';
  const shown = rest.slice(rest.lastIndexOf('@') + 1);
  return `${scheme}${shown.replace(/^([^/:[]*):(?!\d{1,5}(?:\/|$))[^/]*/, '$1:…')}${query}`;
}
