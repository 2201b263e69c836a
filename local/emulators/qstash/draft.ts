import { parseDuration } from './durations.ts';
import { evaluate } from './expression.ts';

/** A publish request: where to, its headers with names in lower case, and its body. */
export type Draft = { destination: string; headers: Record<string, string>; body: Uint8Array; queue?: string };

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const FLOW_CONTROL = /^((parallelism|rate)=\d+|period=\w+)(,\s*((parallelism|rate)=\d+|period=\w+))*$/;

/** What is wrong with a publish request, in the vendor's words where they are known; undefined if nothing is. */
export function draftError({ destination, headers }: Draft): string | undefined {
  const urls = [destination, headers['upstash-callback'], headers['upstash-failure-callback']];
  for (const url of urls) {
    const problem = url === undefined ? undefined : urlError(url);
    if (problem !== undefined) return `invalid destination url: ${problem}`;
  }
  if (!METHODS.includes(headers['upstash-method']?.toUpperCase() ?? 'POST'))
    return `invalid method: ${headers['upstash-method']}`;
  if (!/^\d+$/.test(headers['upstash-retries'] ?? '0')) return `invalid retries: ${headers['upstash-retries']}`;
  if (!/^\d+$/.test(headers['upstash-not-before'] ?? '0'))
    return `invalid not before: ${headers['upstash-not-before']}`;
  for (const name of ['upstash-delay', 'upstash-timeout']) {
    if (parseDuration(headers[name] ?? '0s') === undefined) return `invalid ${name.slice(8)}: ${headers[name]}`;
  }
  return expressionError(headers['upstash-retry-delay']) ?? flowControlError(headers);
}

// Local messages stay on this machine: whatever is no loopback address is refused like a bad one.
function urlError(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return 'endpoint has invalid scheme, add http:// or https://';
  if (!URL.canParse(text)) return 'endpoint is not a valid url';
  return isLoopback(new URL(text)) ? undefined : 'this emulator delivers to loopback addresses only';
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function expressionError(expression: string | undefined): string | undefined {
  if (expression === undefined) return undefined;
  try {
    evaluate(expression, { retried: 0 });
    return undefined;
  } catch (error) {
    return `invalid retry delay expression: ${(error as Error).message}`;
  }
}

function flowControlError(headers: Record<string, string>): string | undefined {
  const value = headers['upstash-flow-control-value'];
  if ((headers['upstash-flow-control-key'] === undefined) !== (value === undefined)) {
    return 'flow control key and value must be given together';
  }
  const valid = value === undefined || FLOW_CONTROL.test(value);
  return valid ? undefined : `invalid flow control value: ${value}`;
}
