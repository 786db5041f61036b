/** Whether each service of AWS has a region, and whether URL, signature and environment agree. */
import { isRegion, scopeOfHost } from '../aws/endpoints.ts';
import { defineCheck } from './check.ts';
import { describeBriefly } from './faults.ts';
import { listAwsUses } from './identity.ts';

export const regionCheck = defineCheck({
  id: 'region',
  looksAt: 'the region of each service: URL, signature, environment',
  timeoutMs: 10_000,
  kinds: {
    'region-unknown': {
      severity: 'error',
      means:
        'No region is set where a service of AWS is used, and nothing on this machine tells it.',
      remedy: 'Set "region" in the configuration, or AWS_REGION in the environment.',
      page: 'configuration.md',
    },
    'region-differs': {
      severity: 'error',
      means:
        'A request is signed for another region than that of the host it goes to: AWS refuses ' +
        'it.',
      remedy: 'Leave sigv4.region out, since the URL tells it, or write the region of the URL.',
      page: 'remote-write.md',
    },
    'region-odd': {
      severity: 'error',
      means: 'What stands for a region has not the form of one.',
      remedy: 'Write for example us-east-1.',
      page: 'configuration.md',
    },
    'region-two-variables': {
      severity: 'warning',
      means:
        'AWS_REGION and AWS_DEFAULT_REGION differ: Amperage goes by the first, the aws CLI ' +
        'too, older programs by the second.',
      remedy: 'Set one of them, or both to the same.',
      page: 'configuration.md',
    },
  },
  async look({ uses, asking, env }, tell) {
    const signed = listAwsUses(uses);
    if (signed.length === 0) {
      tell.skipped('nothing of AWS is used');
      return;
    }
    const found = new Set<string>();
    let faults = 0;
    for (const { what, where, url, aws } of signed) {
      let region: string;
      try {
        region = await asking.region(aws);
      } catch (error) {
        faults += 1;
        tell.found('region-unknown', {
          what: `${what}: no region is known`,
          where,
          evidence: [describeBriefly(error)],
        });
        continue;
      }
      const ofHost = url === undefined ? undefined : scopeOfHost(new URL(url).host)?.region;
      if (!isRegion(region)) {
        faults += 1;
        tell.found('region-odd', { what: `${what}: "${region}" is no region`, where });
      } else if (ofHost !== undefined && ofHost !== region) {
        faults += 1;
        const words = `${what}: the URL is of ${ofHost}, requests are signed for ${region}`;
        tell.found('region-differs', { what: words, where });
      } else found.add(region);
    }
    const { AWS_REGION: first, AWS_DEFAULT_REGION: second } = env;
    if (first && second && first !== second) {
      faults += 1;
      tell.found('region-two-variables', {
        what: `AWS_REGION is ${first}, AWS_DEFAULT_REGION is ${second}`,
      });
    }
    if (faults === 0) tell.ok([...found].join(', '));
  },
});
