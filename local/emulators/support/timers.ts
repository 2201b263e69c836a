/** Named timers on the emulator's clock; setting a name again moves it. */
export type Timers = { at(name: string, due: number, run: () => void): void; clear(name: string): void; stop(): void };

const LONGEST = 2 ** 31 - 1;

export function createTimers(now: () => number): Timers {
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;
  const clear = (name: string) => {
    clearTimeout(timers.get(name));
    timers.delete(name);
  };
  return {
    at(name, due, run) {
      clear(name);
      if (stopped) return;
      const wait = Math.min(Math.max(0, due - now()), LONGEST);
      const fire = () => {
        timers.delete(name);
        run();
      };
      timers.set(name, setTimeout(fire, wait));
    },
    clear,
    stop() {
      stopped = true;
      for (const name of [...timers.keys()]) clear(name);
    },
  };
}
