/**
 * What an emulated vendor does with one request. Words in the prompt (`#fail`) and faults set over `POST /__control`
 * (`"fail"`) say the same things under the same names; a real provider knows neither.
 */
export type Behaviour = {
  /** Refused before anything is accepted: an HTTP status, or a vendor's variant of one such as `429-bare`. */
  refuse?: string;
  /** `drop` and `timeout` accept nothing; `lost` accepts, then the connection breaks before the answer. */
  connection: 'kept' | 'drop' | 'timeout' | 'lost';
  outcome: 'succeeds' | 'fails' | 'moderated' | 'rejected' | 'hangs';
  /** Seconds of work, in place of the emulator's default. */
  seconds?: number;
  /** How often the final webhook is sent, all at the same moment. */
  deliveries: number;
  badSignature: boolean;
  badMedia: boolean;
  /** The output's URL answers 404 from the start. */
  expired: boolean;
};

type Input = Record<string, unknown>;
type Effect = (amount: number, input: Input) => Partial<Behaviour>;

const EFFECTS: Record<string, Effect> = {
  fail: () => ({ outcome: 'fails' }),
  'final-fail': (_amount, input) => (looksLikePreview(input) ? {} : { outcome: 'fails' }),
  nsfw: () => ({ outcome: 'moderated' }),
  moderation: () => ({ outcome: 'moderated' }),
  reject: () => ({ refuse: '422' }),
  'late-reject': () => ({ outcome: 'rejected' }),
  slow: (amount) => ({ seconds: amount }),
  hang: () => ({ outcome: 'hangs' }),
  lost: () => ({ connection: 'lost' }),
  'lost-silent': () => ({ connection: 'lost', outcome: 'hangs' }),
  drop: () => ({ connection: 'drop' }),
  timeout: () => ({ connection: 'timeout' }),
  dup: (amount) => ({ deliveries: Math.min(Math.max(Math.round(amount), 1), 1000) }),
  badsig: () => ({ badSignature: true }),
  nohook: () => ({ deliveries: 0 }),
  badmedia: () => ({ badMedia: true }),
  expired: () => ({ expired: true }),
};

const FORM = /^([a-z0-9-]+?)(?:=(\d+(?:\.\d+)?))?$/;
const STATUS = /^[45]\d\d(?:-bare)?$/;
/** Only these steer from a prompt: other statuses could be meant as colours (`#555`). */
const WORD =
  /(?<![\w&/#])#(fail|reject|429|500|nsfw|slow|hang|lost|lost-silent|dup|badsig|nohook|badmedia|final-fail)(=\d+(?:\.\d+)?)?(?![\w-])/g;

/** Whether a name means something here: one of the words, `word=number`, or an HTTP error status. */
export function isFault(name: string): boolean {
  const word = FORM.exec(name)?.[1] ?? '';
  return Object.hasOwn(EFFECTS, word) || STATUS.test(name);
}

/** Reads the words of the prompt, then the fault set for this request, which wins. */
export function steer({ prompt, input, fault }: { prompt: string; input: Input; fault?: string }): Behaviour {
  const behaviour: Behaviour = {
    connection: 'kept',
    outcome: 'succeeds',
    deliveries: 1,
    badSignature: false,
    badMedia: false,
    expired: false,
  };
  const words = [...prompt.matchAll(WORD)].map((match) => match[0].slice(1));
  for (const name of fault === undefined ? words : [...words, fault]) {
    const [, word = '', amount = '1'] = FORM.exec(name) ?? [];
    if (STATUS.test(name)) behaviour.refuse = name;
    else if (Object.hasOwn(EFFECTS, word)) Object.assign(behaviour, EFFECTS[word]?.(Number(amount), input));
  }
  return behaviour;
}

/**
 * `#final-fail` lets a preview through and fails the final. No vendor is told which is which, so the quality decides: a
 * quarter megapixel, 480p, or an image of at most 512 × 512 looks like a preview; everything else like a final.
 */
export function looksLikePreview(input: Input): boolean {
  const size = input.image_size;
  const small =
    size === 'square' ||
    (typeof size === 'object' && size !== null && area(size as { width?: number; height?: number }) <= 512 * 512);
  return String(input.megapixels) === '0.25' || input.resolution === '480p' || small;
}

const area = ({ width = Number.POSITIVE_INFINITY, height = Number.POSITIVE_INFINITY }) => width * height;

/** The text that steers and that the media show; models without a prompt have none. */
export function promptOf(input: Input): string {
  const fields = ['prompt', 'text', 'edit_instruction', 'tags', 'inputs'];
  const texts = fields.map((field) => input[field]).filter((value) => typeof value === 'string');
  return texts[0] ?? '';
}
