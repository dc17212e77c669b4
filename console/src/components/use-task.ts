import { useState } from 'preact/hooks';

/** Something that a dialog does: whether it is under way, and what came of it where it failed. */
export interface Task {
  readonly isBusy: boolean;
  /** What the last run threw; undefined while it runs, and when it went well. */
  readonly error: unknown;
  /** Runs it; never throws. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
}

/** A task of a component. */
export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, run };
}
