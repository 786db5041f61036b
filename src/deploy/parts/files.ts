/** Files that a model names, read before a template is made of it. */

/**
 * The text of a file that a key of the model names, by its path in the model.
 *
 * @throws ConfigError that names the key, for a file that can't be read
 */
export type ReadFile = (file: string, key: string) => string;
