/** The version of this package, as told by every command. */
export const VERSION = '0.1.0';
