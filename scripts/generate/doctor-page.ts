/** Renders what `amperage doctor` can find as docs/doctor.md. */
import type { DoctorCheck } from '../../src/doctor/check.ts';
import { OWN_KINDS } from '../../src/doctor/examine.ts';
import { GENERATED } from './mark.ts';

const HEAD = `${GENERATED}
# Doctor

\`amperage doctor\` says why metrics do not arrive, and what to do. Run it where the collector runs: the same configuration, the same variables, the same network.

\`\`\`sh
amperage doctor --config.file prometheus.yml
aws ecs execute-command --cluster prod --task ID --container amperage --interactive --command "amperage doctor"
amperage doctor --json --skip collector
amperage doctor --only permissions --role arn:aws:iam::123456789012:role/metrics
\`\`\`

It changes nothing: it reads files, resolves names, opens connections, scrapes targets once, and sends requests that list, ask about what does not exist, or write nothing. Each check has
a time limit and several run at once, so that it ends within a minute. Errors come first, in the order in which one causes another: mend the first and run it again. The exit status
is 1 with an error, else 0.

What could not be looked at is said as skipped, with what would be needed; it is no fault. Permissions are asked of IAM where \`iam:SimulatePrincipalPolicy\` is allowed, and tried
otherwise; a few actions have no request that changes nothing, and are told as not known.

**No secret is printed**: the values that the configuration's schemas mark, keys and tokens that were fetched, variables whose names say so, and what URLs and headers hold are replaced
by \`<secret>\`. When AWS computes another signature, its canonical request is compared with ours, and the lines that differ are shown, without the token.

\`--json\` prints \`{"findings": […]}\`, each with \`check\`, \`id\`, \`severity\` (\`error\`, \`warning\`, \`ok\`, \`skipped\`), \`what\`, \`where\` (\`file:line:column\`), \`evidence\`, \`remedy\`
and \`documentation\`. The ids stay the same from version to version; the words may change.
`;

export function renderDoctorPage(checks: readonly DoctorCheck[]): string {
  const sections = checks.map(
    ({ id, looksAt, kinds }) => `## ${id}\n\nLooks at ${looksAt}.\n\n${renderKinds(kinds)}`,
  );
  const own = `## doctor itself\n\n${renderKinds(OWN_KINDS)}`;
  return [HEAD, ...sections, own].join('\n');
}

function renderKinds(kinds: DoctorCheck['kinds']): string {
  const rows = Object.entries(kinds).map(
    ([id, { severity, means, remedy, page }]) =>
      `| \`${id}\` | ${severity} | ${cell(means)} | ${cell(remedy)} | ${linkTo(page)} |`,
  );
  return ['| id | severity | means | do | more |', '|---|---|---|---|---|', ...rows, ''].join('\n');
}

function linkTo(page: string): string {
  return page === 'doctor.md' ? '' : `[${page.replace(/\.md$/, '')}](${page})`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
