/**
 * The asymmetric part of SigV4a, whose signatures are valid in several regions: a P-256 key that is
 * derived from the secret, and ECDSA over the string to sign. Everything else is the same as in
 * SigV4.
 * Source: https://github.com/awslabs/aws-c-auth/blob/main/source/key_derivation.c,
 * @smithy/signature-v4a
 */
import { createECDH, createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { type AwsCredentials, sha256Hex } from './signing.ts';

export const ALGORITHM_V4A = 'AWS4-ECDSA-P256-SHA256';

/** The order of the curve P-256, minus two. */
const N_MINUS_2 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254fn;
const TRIALS_MAX = 254;
const KEYS_MAX = 100;
const keys = new Map<string, KeyObject>();

/** The signature in DER, hexadecimal. ECDSA is randomized, so each call returns another one. */
export function signV4a(text: string, credentials: AwsCredentials): string {
  return sign('sha256', Buffer.from(text), deriveKey(credentials)).toString('hex');
}

/** The private key of a pair of AWS keys; derived once, and kept. */
export function deriveKey({ accessKeyId, secretAccessKey }: AwsCredentials): KeyObject {
  const name = `${accessKeyId}/${sha256Hex(secretAccessKey)}`;
  let key = keys.get(name);
  if (key === undefined) {
    key = makePrivateKey(deriveScalar(accessKeyId, secretAccessKey));
    if (keys.size >= KEYS_MAX) keys.clear();
    keys.set(name, key);
  }
  return key;
}

/** The private scalar, 32 bytes. */
function deriveScalar(accessKeyId: string, secret: string): Buffer {
  for (let trial = 1; trial <= TRIALS_MAX; trial++) {
    const candidate = createHmac('sha256', `AWS4A${secret}`)
      .update(Buffer.from([0, 0, 0, 1]))
      .update(`${ALGORITHM_V4A}\0${accessKeyId}`)
      .update(Buffer.from([trial, 0, 0, 1, 0]))
      .digest('hex');
    const scalar = BigInt(`0x${candidate}`);
    if (scalar <= N_MINUS_2)
      return Buffer.from((scalar + 1n).toString(16).padStart(64, '0'), 'hex');
  }
  throw new Error('no SigV4a key can be derived from these credentials');
}

function makePrivateKey(scalar: Buffer): KeyObject {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(scalar);
  const point = curve.getPublicKey();
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: scalar.toString('base64url'),
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
  });
}
