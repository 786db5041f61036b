/**
 * Parses JSON of others: the errors of JSON.parse quote the text around a fault, which may be a
 * secret that an answer or a file holds, so these say only where the fault is.
 */

/** @throws  Error, which quotes nothing and has no cause, whose message would */
export function parseForeignJson(text: string): unknown {
  let fault: string;
  try {
    return JSON.parse(text);
  } catch (error) {
    fault = String(error);
  }
  const at = / at position (\d+)/.exec(fault)?.[1];
  const place = at === undefined ? '' : ` at character ${Number(at) + 1}`;
  throw new Error(`it is not valid JSON${place} (${text.length} characters in all)`);
}
