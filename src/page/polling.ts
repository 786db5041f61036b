/**
 * Polling of a value while it is shown: the next poll starts a period after the answer to the last
 * one, so requests never pile up; a hidden page does not ask, and asks at once when it is seen
 * again. After an error the older value stays beside it.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { AnswerError } from './workspace-api.ts';

/** The period of what follows the data as it comes. */
export const POLL_MS = 5_000;

export interface Failure {
  readonly message: string;
  readonly mayPass: boolean;
  readonly status: number | undefined;
}

export interface Reading<Value> {
  readonly value: Value | undefined;
  readonly error: Failure | undefined;
}

interface PollingOptions<Value> {
  /** What is new is asked for once even so. */
  readonly paused: boolean;
  readonly periodMs: number;
  /** Whether no more is to come, so that polling ends; it goes on by default. */
  readonly isFinal?: (reading: Reading<Value>) => boolean;
}

/** @param ask  asks for the value; polling starts anew whenever it is another function */
export function usePolling<Value>(
  ask: (signal: AbortSignal) => Promise<Value>,
  { paused, periodMs, isFinal }: PollingOptions<Value>,
): Reading<Value> {
  const [reading, setReading] = useState<Reading<Value>>({ value: undefined, error: undefined });
  const answered = useRef<typeof ask | undefined>(undefined);
  useEffect(() => {
    if (paused && answered.current === ask) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let value: Value | undefined;
    const poll = async () => {
      timer = undefined;
      if (!document.hidden) {
        const next = await read();
        if (stop.signal.aborted) return;
        answered.current = ask;
        const { error } = next;
        setReading((last) => (error === undefined ? next : { value: last.value, error }));
        value = next.value ?? value;
        if (paused || isFinal?.({ value, error }) === true) return;
      }
      timer = setTimeout(() => void poll(), periodMs);
    };
    const read = async (): Promise<Reading<Value>> => {
      try {
        return { value: await ask(stop.signal), error: undefined };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const isAnswer = error instanceof AnswerError;
        const mayPass = !isAnswer || error.mayPass;
        return { value, error: { message, mayPass, status: isAnswer ? error.status : undefined } };
      }
    };
    const onVisible = () => {
      if (document.hidden || timer === undefined) return;
      clearTimeout(timer);
      void poll();
    };
    document.addEventListener('visibilitychange', onVisible);
    void poll();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [ask, paused, periodMs, isFinal]);
  return reading;
}
