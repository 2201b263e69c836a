import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** A refusal in the vendor's words. Functions of this emulator return it as a value. */
export type Refusal = { status: number; message: string };

export const refusal = (status: number, message: string): Refusal => ({ status, message });

export function isRefusal(value: object): value is Refusal {
  return 'status' in value && 'message' in value;
}

export function respond(c: Context, { status, message }: Refusal): Response {
  c.header('X-Cld-Error', message.replace(/[^\x20-\x7e]/g, '?'));
  return c.json({ error: { message } }, status as ContentfulStatusCode);
}

/** What the vendor answers when it is not the request's fault. */
export const OUTAGES: Record<string, string> = {
  '420': 'Rate Limit Exceeded. Limit of 500 api operations reached. Try again later.',
  '423': 'Resource is locked',
  '429': 'Too many concurrent upload_api requests',
  '500': 'Internal server error',
  '502': 'Bad gateway',
  '503': 'Service unavailable',
};
