/** The first line of every generated page. */
export const GENERATED =
  '<!-- Made from the code by "npm run generate"; what is written here by hand is lost. -->';
