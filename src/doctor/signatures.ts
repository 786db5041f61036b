/**
 * Whether AWS takes the signatures: one request for each service that is used. Where it computes
 * another signature, its canonical request is compared with ours, line by line: what differs was
 * changed on the way, and where nothing differs the secret is wrong.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
import { defineCheck, type Telling } from './check.ts';
import { describeSkip, oneLine, type Refusal, readRefusal } from './faults.ts';
import { askIdentity, type AwsUseOf, listAwsUses } from './identity.ts';
import { firstProbe } from './probes.ts';

type Ids =
  | 'signature-altered'
  | 'signature-secret'
  | 'signature-region'
  | 'signature-service'
  | 'signature-missing';

export const signatureCheck = defineCheck({
  id: 'signatures',
  looksAt: 'whether AWS takes our signatures, and what changes requests on their way',
  timeoutMs: 30_000,
  kinds: {
    'signature-altered': {
      severity: 'error',
      means: 'AWS got another request than the one that was signed: something between changes it.',
      remedy:
        'Let the proxy or load balancer between pass the lines that differ unchanged (a ' +
        'proxy has to keep the Host header and the path), or sign behind it: "amperage ' +
        'proxy".',
      page: 'proxy.md',
    },
    'signature-secret': {
      severity: 'error',
      means:
        'AWS got the request that was signed and computes another signature: the secret is not ' +
        'that of the key.',
      remedy:
        'Write the secret again: whole, without blanks, quotes or line ends around it, and ' +
        'of this very access key.',
      page: 'how-to/iam.md',
    },
    'signature-region': {
      severity: 'error',
      means: 'The host is of another region than the one that is signed for.',
      remedy: 'Write the region that AWS expects as sigv4.region, or the URL of the right region.',
      page: 'remote-write.md',
    },
    'signature-service': {
      severity: 'error',
      means: 'The host is of another service than the one that is signed for.',
      remedy: 'Write sigv4.service_name as the host expects it; for AMP leave it out.',
      page: 'remote-write.md',
    },
    'signature-missing': {
      severity: 'error',
      means: 'The receiver wants signed requests, and the configuration signs none.',
      remedy: 'Add "sigv4: {}" to the entry.',
      page: 'remote-write.md',
    },
  },
  async look(subject, tell) {
    const { uses, asking } = subject;
    const asked = new Set<string>();
    for (const use of listAwsUses(uses)) {
      const request = firstProbe(use);
      const key = JSON.stringify([use.url, use.aws]);
      if (request === undefined || asked.has(key)) continue;
      asked.add(key);
      try {
        const { response, canonical } = await asking.ask(use, request);
        tellRefusal(tell, use, readRefusal(response), canonical);
      } catch (error) {
        tell.skipped(`${use.what}: ${describeSkip(error)}`);
      }
    }
    if (asked.size === 0) await askSts(listAwsUses(uses)[0], subject, tell);
  },
});

/** Where no service has a request that changes nothing, STS is asked. */
async function askSts(
  use: AwsUseOf | undefined,
  subject: Parameters<typeof askIdentity>[1],
  tell: Telling<Ids>,
): Promise<void> {
  if (use === undefined) {
    tell.skipped('no request is signed');
    return;
  }
  try {
    const { answer, refusal } = await askIdentity(use, subject);
    tellRefusal(tell, use, refusal, answer.canonical);
  } catch (error) {
    tell.skipped(`${use.what}: ${describeSkip(error)}`);
  }
}

function tellRefusal(tell: Telling<Ids>, use: AwsUseOf, refusal: Refusal, ours: string): void {
  const { what, where, aws } = use;
  const message = oneLine(refusal.message);
  switch (refusal.kind) {
    case 'none':
      tell.ok(`${what}: ${aws.service} takes the signature`);
      return;
    case 'region':
      tell.found('signature-region', { what: `${what}: ${message}`, where });
      return;
    case 'service':
      tell.found('signature-service', { what: `${what}: ${message}`, where });
      return;
    case 'unsigned':
      tell.found('signature-missing', { what: `${what}: ${message}`, where });
      return;
    case 'signature': {
      const theirs = readCanonical(refusal.message);
      const lines = theirs === undefined ? [] : diffLines(ours, theirs);
      if (theirs !== undefined && lines.length === 0)
        tell.found('signature-secret', {
          what: `${what}: the secret is not that of the access key`,
          where,
          evidence: ['AWS computed its signature of the same canonical request as ours'],
        });
      else if (theirs !== undefined)
        tell.found('signature-altered', {
          what: `${what}: AWS got another request than was signed`,
          where,
          evidence: ['-: as signed; +: as AWS got it', ...lines],
        });
      else
        tell.found('signature-secret', {
          what: `${what}: the signature does not match`,
          where,
          evidence: [message],
          remedy:
            'Write the secret again, whole; where it is right, something between changes the ' +
            'request: the answer does not tell what AWS got.',
        });
      return;
    }
    default:
      // Clock, credentials and permissions have checks of their own: the signature is taken.
      tell.skipped(`${what}: ${refusal.kind}, ${message === '' ? refusal.code : message}`);
  }
}

/** The canonical request that AWS expected, as its answers hold it. */
export function readCanonical(message: string): string | undefined {
  const found = /Canonical String for this request should have been\s*'([^']*)'/i.exec(message);
  return found?.[1]?.replaceAll('\\n', '\n');
}

/** The lines that are in one of two canonical requests only; the token's value is not shown. */
export function diffLines(ours: string, theirs: string): readonly string[] {
  const [mine, other] = [ours.split('\n'), theirs.trimEnd().split('\n')];
  const show = (line: string): string =>
    line.replace(/^(x-amz-security-token:).+/i, '$1<secret>').slice(0, 300);
  const gone = mine.filter((line) => !other.includes(line));
  const come = other.filter((line) => !mine.includes(line));
  return [...gone.map((line) => `- ${show(line)}`), ...come.map((line) => `+ ${show(line)}`)];
}
