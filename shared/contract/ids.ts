import { once } from '../async/once.ts';
import { matching } from '../schema/build.ts';
import * as z from '../schema/zod.ts';

/** `prefix_` and 32 lower hex digits that sort by time. */
const id = (prefix: string) =>
  once(() => {
    const schema = matching(new RegExp(`^${prefix}_[0-9a-f]{32}$`), `Must be an id that starts with ${prefix}_`);
    return schema.register(z.globalRegistry, { examples: [`${prefix}_0197a1b2c3d47e5f8a9b0c1d2e3f4a5b`] });
  });

export const AccountId = id('acct');
export const JobId = id('job');
export const AttemptId = id('att');
export const BatchId = id('bat');
export const QuoteId = id('qt');
export const OutputId = id('out');
export const EntryId = id('ent');
export const AuditEntryId = id('aud');
export const ProjectId = id('proj');
export const OrganizationId = id('org');
export const ProviderKeyId = id('key');
export const ApiKeyId = id('ak');
export const InvitationId = id('inv');
export const ClientTokenId = id('ct');
/** The identity provider's `sub`. */
export const UserId = once(() => z.uuid());
export const WebhookEndpointId = id('whep');
export const DeliveryId = id('evt');
