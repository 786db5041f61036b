/**
 * What becomes of a line of shell that a page shows, when the page is tried: it is run to its end,
 * it is a server that runs beside the lines behind it, or it is not run, for a reason that stands
 * here.
 */

export type Fate =
  | { readonly kind: 'not run'; readonly why: string }
  | { readonly kind: 'runs to its end' }
  | { readonly kind: 'serves'; readonly command: string };

const ASSIGNED = String.raw`(?:\w+=\S+ )*`;
/** Commands that run until they are ended. */
const SERVES = new RegExp(
  `^${ASSIGNED}(?:node \\S+.*)?\\bamperage["')]* ` +
    '(collect|discover(?! explain)|emulate|exporter(?! --top)|proxy|sample-app|workspace|xray)\\b',
);
const ENDS = new RegExp(
  '^(?:export |curl |echo |printf |node -e |aws (?:cloudwatch|ecs (?:register|update)|logs|ssm)|' +
    `${ASSIGNED}amperage )`,
);

/** Lines that are not run here. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^aws (?:amp|cloudformation|ec2|ecr|iam|s3|sts) /, 'makes or reads what only AWS has'],
  [/^(?:source \w[\w-]*\.sh|cp -r .*deploy-)/, 'test/e2e/article-scripts.slow.test.ts runs them'],
  [/^aws ecs execute-command /, 'needs a task'],
  [/^amperage doctor /, 'tells what it finds: test/doctor plants it'],
  [/^(?:sudo \S+ )?sh (?:prepare|join)\.sh\b/, 'makes a machine known to AWS'],
  [/^amperage exporter --top$/, 'draws on the terminal of a task, until it is ended'],
  [/^(?:buildah|docker|skopeo) /, 'test/example-compose.test.ts and images.slow.test.ts judge it'],
  [/^npm run image\b/, 'scripts/image/images.slow.test.ts builds the images'],
  [/^npm (?:start|test|run (?:bench|check|generate|test:fast|torture)\b)/, 'is a run of its own'],
  [/^npm install /, 'asks a registry'],
  [/^terraform /, 'test/deploy/terraform.test.ts judges what it reads'],
  [/^perf /, 'needs rights to the counters of the kernel'],
  [/^kill -USR2 1$/, 'is for the process of a task'],
  [/^amperage generate model\b/, 'asks on a terminal; questions.test.ts answers'],
];

export function findFate(line: string): Fate | undefined {
  const notRun = NOT_RUN.find(([pattern]) => pattern.test(line));
  if (notRun !== undefined) return { kind: 'not run', why: notRun[1] };
  const served = SERVES.exec(line)?.[1];
  if (served !== undefined) return { kind: 'serves', command: served };
  return ENDS.test(line) ? { kind: 'runs to its end' } : undefined;
}

/** The lines of a block, without comments of their own; a line may go on behind a backslash. */
export function listLines(text: string): string[] {
  return text
    .replaceAll(/ \\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#\s.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
