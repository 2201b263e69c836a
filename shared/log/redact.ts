const HIDDEN = '[redacted]';
const MAX_TEXT = 2_000;
const MAX_DEPTH = 8;

/** A field with such a name is hidden whole. */
const SECRET_NAME =
  /^(authorization|cookie|set-cookie|credential|token|key|hash|ciphertext)$|api[-_]?key|api[-_]?secret|secret|password|signature|(^|[-_])token$|private[-_]?key/i;

/** Shapes of the credentials that pass through here, ours and the providers'. */
const SECRET_SHAPES = [
  /\bdk_[a-z]+_[0-9A-Za-z]{10,}/g,
  /\bwhsec_[0-9A-Za-z+/=_-]{8,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\br8_[0-9A-Za-z]{8,}/g,
  /\b(?:sk|rk|pk|key)-[\w-]{12,}/g,
  /\b(?:hf|nvapi|xai|gsk|fw|tgp)[_-][\w-]{12,}/g,
  /\bAIza[\w-]{20,}/g,
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:[0-9a-f]{16,}\b/g,
  /\b(Bearer|Key|Basic)\s+[\w.:+/=-]{8,}/g,
  /([?&](?:token|key|signature|api_key)=)[^&\s"]+/g,
];

/** A copy that may be logged: secrets hidden, errors unfolded, long texts and deep nesting cut. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Error) return redactError(value, depth);
  if (value === null || typeof value !== 'object') return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((member) => redact(member, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, hides(name, member) ? HIDDEN : redact(member, depth + 1)]),
  );
}

const hides = (name: string, member: unknown) => member != null && SECRET_NAME.test(name);

export function redactText(text: string): string {
  const clear = SECRET_SHAPES.reduce(
    (all, shape) => all.replace(shape, HIDDEN),
    text.replace(/data:[^,\s]{1,80},\S+/g, 'data:…'),
  );
  return clear.length > MAX_TEXT ? `${clear.slice(0, MAX_TEXT)}…` : clear;
}

function redactError(error: Error, depth: number): unknown {
  return {
    name: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}
