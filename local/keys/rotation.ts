import { problem } from '../stack/problem.ts';

/** One answer of `POST /internal/keys/rotate`. */
export type Page = {
  rewrapped: number;
  changed_meanwhile: number;
  failed: string[];
  next: unknown;
  /** Ids of the key-encryption keys that the Worker runs with. */
  key_encryption_key: string;
  previous_key_encryption_key: string | null;
};
export type Rotation = { rewrapped: number; failed: string[]; current: string[]; previous: string | null };

/** Asks for page after page, until nothing is left. */
export async function rotateAll(ask: (body: string) => Promise<Response>): Promise<Rotation> {
  const rotation: Rotation = { rewrapped: 0, failed: [], current: [], previous: null };
  for (let after: unknown = null; ; ) {
    const page = await readPage(await ask(JSON.stringify({ after })));
    rotation.rewrapped += page.rewrapped;
    rotation.failed.push(...page.failed);
    rotation.current = [...new Set([...rotation.current, page.key_encryption_key])];
    rotation.previous = page.previous_key_encryption_key;
    after = page.next;
    if (after === null) return rotation;
  }
}

async function readPage(response: Response): Promise<Page> {
  if (response.ok) return (await response.json()) as Page;
  const said = `The rotation stopped: ${response.status} ${reasonIn(await response.text())}`;
  if (response.status !== 401) throw problem(said, 'Run it again: what is wrapped anew stays so');
  throw problem(said, 'INTERNAL_SIGNING_SECRET must be the one that the Worker keys has');
}

/** The problem's own sentence; of what is none, its beginning. */
function reasonIn(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail ?? text);
  } catch {
    return text.slice(0, 300);
  }
}

/** What has happened, and what to do now. */
export function report(rotation: Rotation): string {
  const { rewrapped, failed, current, previous } = rotation;
  if (current.length > 1) {
    return `The Worker answered under several key-encryption keys (${current.join(', ')}): a deploy is under way. Run it again.`;
  }
  const counts = `${rewrapped} rewrapped, ${failed.length} could not be opened${failed.length > 0 ? `: ${failed.join(', ')}` : ''}.`;
  const under = `The Worker wraps under the key-encryption key ${current[0]}${previous ? `, and opens under ${previous} too` : ''}.`;
  return [under, ...(previous || failed.length > 0 ? [counts] : []), whatNow(rotation)].join('\n');
}

function whatNow({ rewrapped, failed, current, previous }: Rotation): string {
  if (failed.length > 0) return PUT_BACK;
  if (previous === null) return 'Nothing to rotate: KEY_ENCRYPTION_KEY_PREVIOUS is not set.';
  if (previous === current[0])
    return 'Nothing to rotate: KEY_ENCRYPTION_KEY and KEY_ENCRYPTION_KEY_PREVIOUS are the same.';
  if (rewrapped > 0) return 'Run it again: once this says 0 and 0, KEY_ENCRYPTION_KEY_PREVIOUS can go.';
  return 'Nothing is left under another one: KEY_ENCRYPTION_KEY_PREVIOUS can go.';
}

const PUT_BACK =
  'Put the key-encryption key that these were sealed under back as KEY_ENCRYPTION_KEY_PREVIOUS, and run it again: without it they are lost.';
