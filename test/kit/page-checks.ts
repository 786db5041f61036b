/**
 * Checks of a web page that run in it: contrast of its texts, names of its controls. Each stands
 * for itself, because a browser is given the text of one function.
 */

/**
 * Runs in the page. Finds texts whose contrast to their background is below 4.5 (WCAG 2.2, 1.4.3).
 */
export function listFaintTexts(): string[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
  const rgba = (color: string): number[] => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color: number[]): number => {
    const [r, g, b] = color.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const findBackground = (element: Element | null): number[] => {
    if (element === null) return [255, 255, 255, 255];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 255 ? own : findBackground(element.parentElement);
  };
  const faint: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement!;
    const isShown = element.checkVisibility({ opacityProperty: true });
    if (node.textContent!.trim() === '' || !isShown || element.closest('.unseen') !== null)
      continue;
    const ink = luminance(rgba(getComputedStyle(element).color));
    const ground = luminance(findBackground(element));
    const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    if (contrast < 4.5) faint.push(`${node.textContent} ${contrast.toFixed(2)}`);
  }
  return faint;
}

/** Runs in the page. Finds controls without a name for assistive technology. */
export function listNamelessControls(): string[] {
  return [...document.querySelectorAll('button, input, summary, [tabindex]')]
    .filter((control) => {
      const labels = control instanceof HTMLInputElement ? [...(control.labels ?? [])] : [];
      const names = [control, ...labels].map((one) => one.textContent);
      return [control.getAttribute('aria-label') ?? '', ...names].every(
        (text) => text.trim() === '',
      );
    })
    .map((control) => control.outerHTML.slice(0, 120));
}
