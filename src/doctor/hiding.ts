/**
 * Hides secrets in all that doctor tells: the values that the schemas of the configuration mark,
 * keys and tokens that were fetched, variables of the environment whose names say so, and, whoever
 * wrote them, session tokens, signatures, and what URLs and Authorization headers hold.
 */
import { HIDDEN, hideInUrls } from '../config/hidden-urls.ts';
import { listHiddenValues } from '../config/redact.ts';
import { hideSessionTokens } from '../kernel/session-tokens.ts';
import type { Diagnosis } from './check.ts';
import type { DoctorSubject } from './subject.ts';

/** Shorter values would hide half of the words that are told. */
const LENGTH_MIN = 4;
const SECRET_NAME = /SECRET|TOKEN|PASSW|CREDENTIAL|AUTHORI[ZS]ATION|API_?KEY|PRIVATE/i;
/** Variables that hold a path or a name, whatever the names say. */
const SHOWN_NAME = /_(?:FILE|URI|PATH|ARN|NAME|URL)$|^AWS_ACCESS_KEY_ID$/i;
const REFERENCE = /\$\{?(?:env:)?([A-Za-z_]\w*)/g;

/** What is secret by its form: kept is what stands before it. */
const FORMS: readonly RegExp[] = [
  /(<SecurityToken>)[^<]+/gi,
  /(signature\s*=\s*)[0-9a-f]{64}/gi,
  /(authorization["']?\s*[:=]\s*["']?(?:bearer|basic|digest|apikey)\s+)[^\s"',]+/gi,
  /(\b(?:bearer|basic)\s+)[\w+/=.~-]{8,}/gi,
  /((?:password|passwd|secret_?(?:access_?)?key|session_?token)["']?\s*[:=]\s*["']?)[^\s"'&;,]+/gi,
];

export class Hiding {
  /** The longest first: a secret may begin another. */
  readonly #secrets: readonly string[];

  static async of(subject: DoctorSubject): Promise<Hiding> {
    return new Hiding(await listHiddenValues(subject.checked.text), subject);
  }

  private constructor(values: readonly string[], { asking, env }: DoctorSubject) {
    const named = values.flatMap((value) =>
      [...value.matchAll(REFERENCE)].map(([, name = '']) => env[name] ?? ''),
    );
    const ofEnvironment = Object.entries(env)
      .filter(([name]) => SECRET_NAME.test(name) && !SHOWN_NAME.test(name))
      .map(([, value]) => value ?? '');
    const all = [...values, ...named, ...ofEnvironment, ...asking.secrets].flatMap(spell);
    const isLong = (text: string): boolean => text.length >= LENGTH_MIN;
    this.#secrets = [...new Set(all)].filter(isLong).sort((a, b) => b.length - a.length);
  }

  hide(one: Diagnosis): Diagnosis {
    return {
      ...one,
      what: this.text(one.what),
      where: this.text(one.where),
      evidence: one.evidence.map((line) => this.text(line)),
      remedy: this.text(one.remedy),
    };
  }

  text(given: string): string {
    let text = hideInUrls(given);
    for (const secret of this.#secrets) text = text.replaceAll(secret, HIDDEN);
    text = hideSessionTokens(text);
    for (const form of FORMS) text = text.replaceAll(form, `$1${HIDDEN}`);
    return text;
  }
}

/** A secret as texts may hold it: whole, line by line, in a URL, in JSON, in base64. */
function spell(secret: string): readonly string[] {
  const lines = secret.split('\n').map((line) => line.trim());
  const whole = [secret, ...lines];
  return whole.flatMap((text) =>
    text.length < LENGTH_MIN
      ? []
      : [
          text,
          encodeText(text),
          JSON.stringify(text).slice(1, -1),
          Buffer.from(text).toString('base64'),
        ],
  );
}

/** encodeURIComponent throws for half a surrogate pair. */
function encodeText(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
