/**
 * What AMP's calls do alike with what a workspace has at most one of: it is made once, changed,
 * described and deleted, each time with a status that settles.
 */
import type { AwsInput } from '../service.ts';
import { missResource, refuseConflict } from './requests.ts';
import {
  type AmpPart,
  type AmpState,
  type AmpWorkspace,
  newPart,
  type SingleParts,
} from './state.ts';
import { findActive, findWorkspace } from './workspaces.ts';

type ContentOf<Key extends keyof SingleParts> =
  NonNullable<SingleParts[Key]> extends AmpPart<infer Content> ? Content : never;

/** Calls on the part of one name. */
export class SinglePart<Key extends keyof SingleParts> {
  readonly #state: AmpState;
  readonly #key: Key;
  /** As AMP names it in errors. */
  readonly #type: string;

  constructor(state: AmpState, key: Key, type: string) {
    this.#state = state;
    this.#key = key;
    this.#type = type;
  }

  /**
   * @param reason  why it fails
   * @throws AwsError ConflictException where there is one
   */
  create(input: AwsInput, content: ContentOf<Key>, reason?: string): object {
    const workspace = findActive(this.#state, input);
    if (this.#in(workspace) !== undefined)
      throw refuseConflict(this.#type, workspace.id, `The ${this.#type} exists already.`);
    const made = newPart(content, this.#state.nowMs(), reason);
    workspace.single[this.#key] = made as SingleParts[Key];
    return { status: made.status.at(this.#state.nowMs()) };
  }

  /** @throws AwsError ResourceNotFoundException where there is none */
  update(input: AwsInput, content: ContentOf<Key>, reason?: string): object {
    const found = this.#find(findActive(this.#state, input));
    const nowMs = this.#state.nowMs();
    found.content = content;
    found.modifiedMs = nowMs;
    found.status.update(nowMs, reason);
    return { status: found.status.at(nowMs) };
  }

  /** Makes it where there is none. */
  put(input: AwsInput, content: ContentOf<Key>, reason?: string): object {
    return this.current(input) === undefined
      ? this.create(input, content, reason)
      : this.update(input, content, reason);
  }

  delete(input: AwsInput): void {
    this.#find(findActive(this.#state, input)).status.delete(this.#state.nowMs());
  }

  /** @throws AwsError ResourceNotFoundException */
  describe(input: AwsInput): AmpPart<ContentOf<Key>> {
    return this.#find(findWorkspace(this.#state, input));
  }

  /** Undefined where there is none. */
  current(input: AwsInput): AmpPart<ContentOf<Key>> | undefined {
    return this.#in(findWorkspace(this.#state, input));
  }

  #find(workspace: AmpWorkspace): AmpPart<ContentOf<Key>> {
    const found = this.#in(workspace);
    if (found === undefined) throw missResource(this.#type, workspace.id);
    return found;
  }

  #in({ single }: AmpWorkspace): AmpPart<ContentOf<Key>> | undefined {
    const found = single[this.#key] as AmpPart<ContentOf<Key>> | undefined;
    if (found?.status.isGone(this.#state.nowMs()) !== true) return found;
    delete single[this.#key];
    return undefined;
  }
}
