/** The version of this package, as every command reports it. */
export const VERSION = '0.1.0';
