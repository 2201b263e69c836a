import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../world.ts';

/** 24: no secret in any log, nor in what the queue was given. */
export function checkSecrets({ stack, report }: World, folder: string): void {
  const { providers, key_encryption_key, webhook_signing_key, cloudinary } = stack.secrets();
  const secrets = [...Object.values(providers), key_encryption_key, webhook_signing_key, cloudinary.api_secret];
  for (const file of [...filesIn(join(folder, 'logs')), join(folder, 'emulators/qstash.sqlite')]) {
    const text = readFileSync(file).toString('latin1');
    if (secrets.some((secret) => text.includes(secret)))
      report('violations', '24 a secret was written down', { file: file.slice(folder.length) });
  }
}

function filesIn(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return paths.filter((path) => statSync(path).isFile());
}
