import type { Context, Hono } from 'hono';
import { dropConnection, holdConnection } from '../support/connection.ts';
import { steer } from '../support/steering.ts';
import { canceled, detail, refusal, respond } from './errors.ts';
import type { Env } from './fal.ts';
import { appOf, type FalRequest, logsOf, STATUS, secondsOfWork } from './request.ts';
import type { Service } from './service.ts';
import { userOf } from './users.ts';

/** Submit under the whole endpoint id; status, result and cancel under its first two segments only. */
export function mountQueue(api: Hono<Env>, { endpoints, runs, origin, control, result, accept }: Service): void {
  const links = ({ id, endpoint }: FalRequest, c: Context) => {
    const response_url = `${origin.of(c)}/${appOf(endpoint)}/requests/${id}`;
    return { request_id: id, response_url, status_url: `${response_url}/status`, cancel_url: `${response_url}/cancel` };
  };
  const submit = async (c: Context<Env>) => {
    const endpoint = c.req.path.slice(1);
    const model = endpoints.get(endpoint);
    if (model === undefined) return detail(404, `Application '${endpoint}' not found`);
    const json = await c.req.json().catch(() => undefined);
    if (json === undefined) return detail(400, 'Invalid JSON body');
    const decision = accept({ key: c.var.key, endpoint, model, webhook: c.req.query('fal_webhook') }, json);
    if ('refused' in decision) return decision.refused;
    const { behaviour, request } = decision;
    if (behaviour.connection === 'timeout') return holdConnection(c);
    if (behaviour.connection !== 'kept' || request === undefined) return dropConnection(c);
    const queued = { status: 'IN_QUEUE', gateway_request_id: request.id, ...links(request, c), queue_position: 0 };
    return c.json(queued, 200, { 'x-fal-request-id': request.id });
  };
  /** A key's own request; asking for any other is a look at the account, which faults on the key answer. */
  const find = async (c: Context<Env>): Promise<FalRequest | Response> => {
    const { owner, alias, id = '' } = c.req.param() as Record<string, string>;
    const request = runs.get(id);
    const own = request?.user === userOf(c.var.key) && appOf(request.endpoint) === `${owner}/${alias}`;
    if (request && own) return request;
    const { refuse, connection } = steer({ prompt: '', input: {}, fault: control.fault({ key: c.var.key }) });
    if (connection === 'timeout') return holdConnection(c);
    if (connection !== 'kept') return dropConnection(c);
    return refuse ? refusal(refuse) : detail(404, 'Request not found');
  };

  api.get('/:owner/:alias/requests/:id/status', async (c) => {
    const request = await find(c);
    if (request instanceof Response) return request;
    const logs = c.req.query('logs') === '1' ? { logs: logsOf(request) } : {};
    const status = { status: STATUS[request.phase], ...links(request, c), ...logs };
    if (request.phase === 'queued') return c.json({ ...status, queue_position: 0 }, 202);
    if (request.phase === 'running') return c.json(status, 202);
    const { detail: error, error_type } = request.error?.body ?? {};
    const infrastructure = error_type ? { error, error_type } : {};
    return c.json({ ...status, metrics: { inference_time: secondsOfWork(request) }, ...infrastructure });
  });
  api.get('/:owner/:alias/requests/:id', async (c) => {
    const request = await find(c);
    if (request instanceof Response) return request;
    if (request.phase !== 'done') return detail(400, 'Request is still in progress');
    const headers = { 'x-fal-request-id': request.id };
    if (request.error) return respond(request.error, { ...headers, 'x-fal-retryable': 'false' });
    return c.json(await result(request, origin.of(c)), 200, headers);
  });
  api.put('/:owner/:alias/requests/:id/cancel', async (c) => {
    const request = await find(c);
    if (request instanceof Response) return request.status === 404 ? c.json({ status: 'NOT_FOUND' }, 404) : request;
    if (request.phase === 'done') return c.json({ status: 'ALREADY_COMPLETED' }, 400);
    runs.finish(request.id, { error: canceled() });
    return request.phase === 'queued' ? c.json({ status: 'OK' }) : c.json({ status: 'CANCELLATION_REQUESTED' }, 202);
  });
  api.post('/*', submit);
  api.all('/*', (c) =>
    c.req.path.includes('/requests/') ? detail(405, 'Method Not Allowed') : detail(404, 'Not Found'),
  );
}
