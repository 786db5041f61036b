/**
 * Renders explanations as text: for every candidate why it is a target or why it is none, then what
 * could not be read.
 */
import { escapeControls } from '../../kernel/control-characters.ts';
import type { Lack } from '../../discovery/lacking.ts';
import type { Explained } from '../../discovery/mechanism.ts';

/** Whether a part of its name, or of its group's, was asked for. */
export function isAbout({ task, group }: Explained, wanted: string): boolean {
  return task.includes(wanted) || group.includes(wanted);
}

/** @param wanted  part of a task's ARN, id or group; all when empty */
export function renderExplained(
  list: readonly Explained[],
  wanted: string,
  lacks: readonly Lack[] = [],
): string {
  const lines: string[] = [];
  let targets = 0;
  let others = 0;
  for (const { task, group, verdicts } of list.filter((one) => isAbout(one, wanted))) {
    lines.push(group === '' ? task : `${task} (${group})`);
    for (const { container, rule, target, reason, words } of verdicts) {
      const name = container === '' ? '' : `${container}: `;
      const by = rule === '' ? '' : `, by ${rule}`;
      if (target === undefined) {
        others += 1;
        lines.push(`  ${name}no target, ${reason ?? ''}${by}: ${words}`);
        continue;
      }
      targets += 1;
      const { __address__: address = '', ...labels } = target;
      lines.push(`  ${name}target ${address}${labels['__metrics_path__'] ?? ''}${by}: ${words}`);
      const shown = Object.entries(labels).map(
        ([label, value]) => `${label}=${JSON.stringify(value)}`,
      );
      lines.push(`    ${shown.join(' ')}`);
    }
  }
  for (const { words, cause } of lacks) lines.push(`not known, ${cause}: ${words}`);
  lines.push(`${targets} targets, ${others} that are none`);
  // Names, tags and errors come from outside.
  return `${lines.map(escapeControls).join('\n')}\n`;
}
