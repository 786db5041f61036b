/**
 * The text of a stack trace as frames of X-Ray, by the language of the SDK that wrote it. A trace
 * of a language that is not here has no frames.
 * Limits: TEXT_MAX characters are read, those nearest to the fault; FRAMES_MAX frames of an
 * exception, CAUSES_MAX exceptions.
 * Source: contrib's exporter/awsxrayexporter/internal/translator/cause.go
 */
import { parseDotnetStack } from './stacks-dotnet.ts';
import { parseGoStack } from './stacks-go.ts';
import { parseJavaStack } from './stacks-java.ts';
import { parseJavaScriptStack } from './stacks-javascript.ts';
import { parsePythonStack } from './stacks-python.ts';
import type { StackFrame, Stack } from './stack.ts';

const FRAMES_MAX = 100;
const CAUSES_MAX = 20;
/** Reading 700 kB takes a fifth of a second, in one turn of the event loop. */
const TEXT_MAX = 64 * 1024;

const PARSERS: Readonly<Record<string, (lines: readonly string[]) => Stack>> = {
  java: parseJavaStack,
  // The SDK for PHP writes traces as Java does.
  php: parseJavaStack,
  python: parsePythonStack,
  javascript: parseJavaScriptStack,
  nodejs: parseJavaScriptStack,
  webjs: parseJavaScriptStack,
  dotnet: parseDotnetStack,
  go: parseGoStack,
};

/** How many frames were left out, for the exception itself and each of its causes. */
export interface BoundedFrames {
  readonly frames: readonly StackFrame[];
  readonly truncated: number;
}

/** @param language  as in `telemetry.sdk.language` */
export function parseStack(text: string, language: string): Stack {
  const parser = Object.hasOwn(PARSERS, language) ? PARSERS[language] : undefined;
  if (parser === undefined || text === '') return { frames: [], causes: [] };
  const lines = boundText(text, language)
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  const { frames, causes } = parser(lines);
  return { frames, causes: causes.slice(0, CAUSES_MAX) };
}

/** Whole lines: the last ones of Python, which has the calls in their order, else the first. */
function boundText(text: string, language: string): string {
  if (text.length <= TEXT_MAX) return text;
  if (language === 'python') return text.slice(text.indexOf('\n', text.length - TEXT_MAX) + 1);
  return text.slice(0, Math.max(0, text.lastIndexOf('\n', TEXT_MAX)));
}

/** The frames nearest to the fault, which are the first. */
export function boundFrames(frames: readonly StackFrame[]): BoundedFrames {
  const kept = frames.slice(0, FRAMES_MAX);
  return { frames: kept, truncated: frames.length - kept.length };
}
