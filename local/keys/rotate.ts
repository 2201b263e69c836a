import { readFileSync } from 'node:fs';
import { stateFolder } from '../stack/state-folder.ts';
import { postSigned } from '../stack/sweeps.ts';

/**
 * `npm run keys:rotate`: wraps every sealed key under the current key-encryption key, page by page, while everything serves. For the
 * local stack as it runs, or, with PUBLIC_ORIGIN and INTERNAL_SIGNING_SECRET, for a deployment. Ends 1 if a key could not be opened:
 * then the previous key-encryption key must stay. See docs/keys.md.
 */
type Page = { rewrapped: number; changed_meanwhile: number; failed: string[]; next: unknown };

const { origin, secret } = target();
const failed: string[] = [];
let rewrapped = 0;
let after: unknown = null;
do {
  const response = await postSigned(
    `${origin}/internal/keys/rotate`,
    secret,
    `rotate_${Date.now()}`,
    JSON.stringify({ after }),
  );
  if (!response.ok) throw new Error(`The rotation stopped: ${response.status} ${await response.text()}. Run it again.`);
  const page = (await response.json()) as Page;
  rewrapped += page.rewrapped;
  failed.push(...page.failed);
  after = page.next;
} while (after !== null);

console.log(
  `${rewrapped} rewrapped, ${failed.length} could not be opened${failed.length > 0 ? `: ${failed.join(', ')}` : ''}.`,
);
if (failed.length === 0) console.log('Once this says 0 and 0, KEY_ENCRYPTION_KEY_PREVIOUS can go.');
process.exitCode = failed.length > 0 ? 1 : 0;

function target(): { origin: string; secret: string } {
  const { PUBLIC_ORIGIN, INTERNAL_SIGNING_SECRET } = process.env;
  if (PUBLIC_ORIGIN && INTERNAL_SIGNING_SECRET) return { origin: PUBLIC_ORIGIN, secret: INTERNAL_SIGNING_SECRET };
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
  const { stack, secrets } = stateFolder();
  return { origin: read(stack).origin, secret: read(secrets).internal_signing_secret };
}
