/**
 * Follows redirects. The credentials of a request go to the host that was asked first and to hosts
 * below it, by whatever scheme and port, until a redirect leads to any other; from there on to
 * none, not even back. Those that the first URL holds are among them.
 * Source: Go's net/http (shouldCopyHeaderOnRedirect), prometheus/common's HTTP client
 */
import { parseUrl } from './urls.ts';

export class RedirectedCredentials {
  readonly #first: string;
  #foreign: string | undefined;

  /** @param url  that was configured */
  constructor(url: URL) {
    this.#first = url.hostname;
  }

  /** Whether credentials go to this URL, the next one of the chain. */
  reach({ hostname }: URL): boolean {
    const isOwn = hostname === this.#first || hostname.endsWith(`.${this.#first}`);
    if (!isOwn) this.#foreign ??= hostname;
    return this.#foreign === undefined;
  }

  /** What an error says where they were withheld; else ''. */
  describe(): string {
    if (this.#foreign === undefined) return '';
    return (
      `; the credentials were withheld, since a redirect led to ${this.#foreign}, which is ` +
      `neither ${this.#first} nor below it`
    );
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Where an answer leads, as a URL of HTTP; undefined where it leads nowhere. */
function findRedirect(
  { status, headers }: { status: number; headers: Readonly<Record<string, unknown>> },
  url: string,
): URL | undefined {
  if (!REDIRECTS.has(status)) return undefined;
  const location = headers['location'];
  if (typeof location !== 'string' || !URL.canParse(location, url)) return undefined;
  const next = new URL(location, url);
  return next.protocol === 'http:' || next.protocol === 'https:' ? next : undefined;
}

/** The next URL, with the user and password of the first where it has none. */
function withUserinfoOf(first: string, next: URL): string {
  const { username, password } = parseUrl(first);
  if (next.username === '' && next.password === '') Object.assign(next, { username, password });
  return next.href;
}

/** So many redirects are followed. */
const REDIRECTS_MAX = 10;

export class TooManyRedirectsError extends Error {
  override readonly name = 'TooManyRedirectsError';
  constructor() {
    super(`there are more than ${REDIRECTS_MAX} redirects`);
  }
}

type Redirecting = Parameters<typeof findRedirect>[0];

export interface Followed<Answer> {
  /** Of the last URL. */
  readonly answer: Answer;
  /** What an error about it says of withheld credentials; else ''. */
  readonly withheld: string;
}

/**
 * Asks a URL, and where its answers lead.
 *
 * @param send  asks one URL; `isOwn` says whether credentials go there
 * @throws TooManyRedirectsError, and what `send` throws
 */
export async function askFollowing<Answer extends Redirecting>(
  first: string,
  send: (url: string, isOwn: boolean) => Promise<Answer>,
): Promise<Followed<Answer>> {
  let answer = await send(first, true);
  // Nearly always there is nothing to follow.
  if (!REDIRECTS.has(answer.status)) return { answer, withheld: '' };
  const credentials = new RedirectedCredentials(parseUrl(first));
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const next = findRedirect(answer, url);
    if (next === undefined) return { answer, withheld: credentials.describe() };
    if (redirects === REDIRECTS_MAX) throw new TooManyRedirectsError();
    const isOwn = credentials.reach(next);
    url = isOwn ? withUserinfoOf(first, next) : next.href;
    answer = await send(url, isOwn);
  }
}
