/** Variables of this process, set while a test runs. */
import type { TestContext } from 'node:test';

export function setEnvironment(
  context: Pick<TestContext, 'after'>,
  values: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    process.env[name] = value;
    context.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}
