/**
 * URLs of what is asked over HTTP, and how they are shown: neither a password nor a token in one
 * reaches a log.
 */
import { z } from 'zod';

/** @param key  its name in the configuration */
export function httpUrlSchema(key: string) {
  return z.string().superRefine((text, context) => {
    const message = findUrlFault(key, text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

/**
 * What is wrong with a URL; undefined when it is one.
 *
 * @param key  its name in the configuration, which the sentence begins with
 */
export function findUrlFault(key: string, text: string): string | undefined {
  // The parser takes "http:host" and "http:///host" too, which nobody means to write.
  if (/^https?:\/\/[^/]/i.test(text) && URL.canParse(text)) return undefined;
  const shown = JSON.stringify(withoutSecrets(text));
  return `${key} ${shown} must begin with http:// or https:// and name a host`;
}

/**
 * A text that may be a URL, or was meant as one, without what may be secret in it: all before the
 * last "@", what stands for a port and is none, and the query.
 */
export function withoutSecrets(text: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?([^?]*)/i.exec(text) ?? [];
  const query = text.includes('?') ? '?…' : '';
  const shown = rest.slice(rest.lastIndexOf('@') + 1);
  return `${scheme}${shown.replace(/^([^/:[]*):(?!\d{1,5}(?:\/|$))[^/]*/, '$1:…')}${query}`;
}
