/** Texts in the pages of `collect`, which may come from targets and configurations. */

/** A text as HTML shows it, in elements and in attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
