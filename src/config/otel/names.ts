/**
 * Names of components and pipelines: `type` or `type/more`. Pure.
 * Source: core's component/identifiable.go
 */

const TYPE = /^[A-Za-z][0-9A-Za-z_]{0,62}$/;
/** No blanks, control characters and symbols; dashes, dots and slashes are punctuation. */
const MORE = /^[^\p{Z}\p{C}\p{S}]{1,1024}$/u;

/** What is wrong with a name, for after `name "…" `; undefined for one that is right. */
export function describeBadName(name: string): string | undefined {
  const at = name.indexOf('/');
  const type = at < 0 ? name : name.slice(0, at);
  const more = at < 0 ? undefined : name.slice(at + 1);
  if (name !== name.trim() || type !== type.trim() || more !== more?.trim())
    return 'has blanks around it; remove them';
  if (type === '') return at < 0 ? 'is empty; write type/more' : 'has no type before "/"';
  if (more === '') return 'has nothing after "/"; remove the "/", or write type/more';
  if (!TYPE.test(type))
    return 'has a type that is not letters, digits and "_" after a letter, at most 63';
  if (more !== undefined && !MORE.test(more))
    return 'holds blanks, symbols or control characters after "/", or is too long';
  return undefined;
}
