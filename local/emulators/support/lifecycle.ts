import type { Origin } from './origin.ts';

type Lasting = { resume(): void; stop(): void };

/** Start: takes up what an earlier process left unfinished, under the origin that is listened on. Stop: leaves it for the next one. */
export function lifecycleOf(origin: Origin, ...lasting: Lasting[]) {
  return {
    start(listening: string) {
      origin.set(listening);
      for (const one of lasting) one.resume();
    },
    stop() {
      for (const one of lasting) one.stop();
    },
  };
}
