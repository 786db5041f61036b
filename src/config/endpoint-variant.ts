/**
 * Which variant of AWS's endpoints the environment asks for, as the SDKs read it. Pure.
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
 */
import type { EndpointVariant } from '../aws/endpoints.ts';

export function readEndpointVariant(
  env: Readonly<Record<string, string | undefined>>,
): EndpointVariant {
  const isOn = (name: string): boolean => env[name]?.toLowerCase() === 'true';
  return {
    useFips: isOn('AWS_USE_FIPS_ENDPOINT'),
    useDualStack: isOn('AWS_USE_DUALSTACK_ENDPOINT'),
  };
}
