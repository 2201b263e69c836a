export type Media = { bytes: Uint8Array; contentType: string; width?: number; height?: number; seconds?: number };

const LIMIT = 48 * 1024 * 1024;

/** Renders each distinct request once and keeps the last 48 MB; concurrent requests for one key share the work. */
export function cached<Input>(render: (input: Input) => Promise<Media>): (input: Input) => Promise<Media> {
  const entries = new Map<string, Promise<Media>>();
  let size = 0;
  const trim = () => {
    for (const [key, media] of entries) {
      if (size <= LIMIT) return;
      entries.delete(key);
      void media.then(({ bytes }) => {
        size -= bytes.length;
      });
    }
  };
  return function renderCached(input) {
    const key = JSON.stringify(input);
    const known = entries.get(key);
    const media = known ?? render(input);
    entries.delete(key);
    entries.set(key, media);
    if (known === undefined) {
      media.then(
        ({ bytes }) => {
          size += bytes.length;
          trim();
        },
        () => entries.delete(key),
      );
    }
    return media;
  };
}
