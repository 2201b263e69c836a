import { listAuditLog } from '../../shared/contract/audit-log.ts';
import { unwrap } from '../../shared/errors/result.ts';
import { type Route, route } from '../../shared/http/route.ts';
import type { KeysDeps } from './deps.ts';

/** `/v1/audit-log`. */
export const auditLogRoute = ({ db }: KeysDeps): Route =>
  route({
    ...listAuditLog,
    handle: async ({ credential, query }, c) => c.json(unwrap(await db.auditLog(credential, query))),
  });
