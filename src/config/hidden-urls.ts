/** Hides what URLs hold: passwords, and the values of queries. Pure. */
export const HIDDEN = '<secret>';

/** A text without the passwords and the values of queries of the URLs in it. */
export function hideInUrls(text: string): string {
  return text.replaceAll(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, hideInUrl);
}

/**
 * The URL without its password and the values of its query. What can't be read as one may have its
 * password anywhere before an at sign.
 */
function hideInUrl(text: string): string {
  const [base = '', query] = text.split(/\?(.*)/s, 2);
  const shownQuery = query === undefined ? '' : `?${query.replaceAll(/=[^&#]*/g, `=${HIDDEN}`)}`;
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url !== undefined && url.username === '' && url.password === '') return base + shownQuery;
  const hidden = base.replace(
    /^([^/]*\/\/)([^:/@]*)(:.*)?@/s,
    (_, scheme: string, user: string, password?: string) =>
      // A user alone may be a token.
      `${scheme}${password === undefined ? '' : `${user}:`}${HIDDEN}@`,
  );
  return hidden + shownQuery;
}
