import type { Progress } from './progress.ts';
import type { Cleanup } from './shutdown.ts';
import type { StateFolder } from './state-folder.ts';

/** What every part of a start is given. */
export type StackContext = {
  state: StateFolder;
  progress: Progress;
  cleanup: Cleanup;
  /** Something that must not end has ended. */
  onCrash: (error: Error) => void;
};
