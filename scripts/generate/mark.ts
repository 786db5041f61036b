/** The first line of every page that is made from the code. */
export const GENERATED =
  '<!-- Made from the code by "npm run generate"; what is written here by hand is lost. -->';
