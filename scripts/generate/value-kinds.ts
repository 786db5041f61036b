/** How pages describe values with a syntax of their own, by the `kind` in the schema's metadata. */
export const VALUE_KINDS: Readonly<Record<string, string>> = {
  text: 'text',
  duration: 'duration',
  size: 'size',
  switch: 'true or false',
  headers: 'mapping of names to texts, or list of `name` and `value`',
};
