const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** How much longer a box is than what is in it. */
export const OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/** AES-256-GCM under a random nonce: nonce ‖ ciphertext ‖ tag. `label` is authenticated, not stored. */
export async function encrypt(key: CryptoKey, label: string, data: Uint8Array): Promise<Uint8Array> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const box = new Uint8Array(OVERHEAD_BYTES + data.length);
  box.set(iv);
  box.set(new Uint8Array(await crypto.subtle.encrypt(algorithm(iv, label), key, data)), NONCE_BYTES);
  return box;
}

/** What `encrypt` took; null unless key, label and every bit are the same. */
export async function decrypt(key: CryptoKey, label: string, box: Uint8Array): Promise<Uint8Array | null> {
  try {
    const iv = box.subarray(0, NONCE_BYTES);
    return new Uint8Array(await crypto.subtle.decrypt(algorithm(iv, label), key, box.subarray(NONCE_BYTES)));
  } catch {
    return null;
  }
}

function algorithm(iv: Uint8Array, label: string) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(label), tagLength: TAG_BYTES * 8 };
}
