import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';

const root = resolve(import.meta.dirname, '../..');

export type Script = {
  /** An ES module's file. */
  file: string;
  /** Its environment. */
  env?: Record<string, string>;
};

export type Workerd = {
  port: number;
  /** Milliseconds of CPU that it has used, on Linux; elsewhere NaN. */
  cpuMs: () => number;
  stop: () => Promise<void>;
};

/**
 * Starts workerd with one Worker and nothing around it, under the compatibility date and flags of `wrangler.toml`. Resolves when it
 * listens; the script has been evaluated by then.
 */
export async function startWorkerd({ file, env = {} }: Script): Promise<Workerd> {
  const config = join(dirname(file), 'workerd.capnp');
  writeFileSync(config, configOf(file, env));
  const child = spawn(workerdBinary(), ['serve', config, '--control-fd=3'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const port = await portOf(child);
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { port, cpuMs: () => cpuOf(child.pid as number), stop };
}

function workerdBinary(): string {
  const fromWrangler = createRequire(createRequire(import.meta.url).resolve('wrangler'));
  const binary = (fromWrangler('workerd') as { default: string }).default;
  return binary;
}

const TICK_MS = 10;

/** User and system time stand in fields 14 and 15 of its `stat`, after a name that may hold blanks. */
function cpuOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

/** workerd says on the control pipe which port it took. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk;
    });
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code} before it listened: ${complaint}`)));
    (child.stdio[3] as Readable).on('data', (chunk: Buffer) => {
      said += chunk;
      const port = /"event":"listen","socket":"http","port":(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

function configOf(file: string, env: Record<string, string>): string {
  const toml = readFileSync(join(root, 'wrangler.toml'), 'utf8');
  const date = /^compatibility_date = (".*")/m.exec(toml)?.[1];
  const flags = /^compatibility_flags = (\[.*\])/m.exec(toml)?.[1];
  const bindings = Object.entries(env).map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed ${JSON.stringify(basename(file))})],
  compatibilityDate = ${date},
  compatibilityFlags = ${flags},
  bindings = [${bindings.join(', ')}],
);
`;
}
