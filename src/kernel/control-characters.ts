/**
 * Control characters of Unicode, C0 and C1, in texts that may reach a terminal. JSON escapes the
 * first kind only, and many terminals take U+009B for the start of a command, as they do ESC [.
 * Pure.
 */

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROLS = /[\u0000-\u001F\u007F-\u009F]/;
const ALL_CONTROLS = new RegExp(CONTROLS, 'g');

export function hasControls(text: string): boolean {
  return CONTROLS.test(text);
}

/** Escapes them as JSON does; a text that is JSON stays the same to its reader. */
export function escapeControls(text: string): string {
  return text.replaceAll(ALL_CONTROLS, (one) => {
    const escaped = JSON.stringify(one).slice(1, -1);
    return escaped === one ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : escaped;
  });
}
