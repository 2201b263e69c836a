import * as apiKeys from './api-keys.ts';
import * as auditLog from './audit-log.ts';
import * as organizations from './organizations.ts';
import * as projects from './projects.ts';
import * as providerKeys from './provider-keys.ts';
import * as providerSettings from './provider-settings.ts';
import type { RouteDoc } from './route-doc.ts';
import * as webhooks from './webhooks.ts';

/** What the Workers `keys` and `callback` answer, for the one document that `submit` shows. */
export const otherRoutes = (): RouteDoc[] =>
  [organizations, projects, providerKeys, providerSettings, apiKeys, auditLog, webhooks].flatMap((module) =>
    Object.values(module).filter(isRoute),
  );

function isRoute(value: unknown): value is RouteDoc {
  return typeof value === 'object' && value !== null && 'method' in value && 'answers' in value;
}
