/**
 * How V8 collects the garbage of a collector, and what it does without in a sidecar. It is set
 * before a command's modules are loaded, since loading them lets the young generation grow, and it
 * does not shrink again.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * Most objects of a collector live for one scrape. A young generation of a megabyte fits into the
 * processor's cache and is collected within a millisecond or two, also where all of it is new
 * targets, which survive; V8 would let it grow to 16 MB. The old generation hardly changes: it is
 * collected after growing by a fifth, which takes a steady load a minute or more. After a half,
 * what a start has left stays; after a tenth, it costs more CPU time and frees no more.
 * Bytes outside of the heap count with it: of themselves, 64 MB of new ones make V8 mark in steps
 * of 5 to 10 ms, one for each new buffer, which thousands of new targets are full of.
 * One thread collects a megabyte: waking others for it costs more than they do, a tenth of the CPU
 * time of a steady load, and each would promote objects to pages of its own.
 * Measured by `npm run bench:road` and `npm run bench:hardening`.
 */
export function tuneGarbageCollection(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}

/**
 * A sidecar works for a millisecond in some seconds, so compiled code earns nothing: the compilers
 * themselves would hold more memory than all else that it does. Measured by
 * `npm run bench:memory`.
 */
export function stayLean(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
}
