/** One line per step, with its time; on a terminal also a line of what is still running. */
export type Progress = {
  step: <T>(label: string, run: () => Promise<T>, done?: (value: T) => string) => Promise<T>;
  line: (text: string) => void;
  /** The last line: what still runs reports no more. */
  lastLine: (text: string) => void;
  /** Milliseconds since the start. */
  elapsed: () => number;
};

type Screen = { write: (text: string) => unknown; isTTY?: boolean };

export function createProgress(screen: Screen = process.stdout): Progress {
  const started = performance.now();
  const running = new Set<string>();
  let closed = false;
  const clear = () => screen.isTTY && screen.write('\r\x1b[2K');
  const showRunning = () =>
    screen.isTTY && !closed && running.size > 0 && screen.write(`  … ${[...running].join(', ')}`);
  const line = (text: string) => {
    if (closed) return;
    clear();
    screen.write(`${text}\n`);
    showRunning();
  };
  const lastLine = (text: string) => {
    running.clear();
    line(text);
    closed = true;
  };
  const step: Progress['step'] = async (label, run, done) => {
    const began = performance.now();
    running.add(label);
    clear();
    showRunning();
    try {
      const value = await run();
      running.delete(label);
      line(`  ${(done?.(value) ?? label).padEnd(64)} ${Math.round(performance.now() - began)} ms`);
      return value;
    } finally {
      running.delete(label);
    }
  };
  return { step, line, lastLine, elapsed: () => Math.round(performance.now() - started) };
}
