import type pg from 'pg';

type Node = { 'Node Type': string; 'Index Name'?: string; 'Relation Name'?: string; Plans?: Node[] };

/** The indexes that statements went by, and the tables that they read from end to end. */
export type Plans = { indexes: Set<string>; scanned: Set<string> };

/**
 * The plans of every statement that ran, those inside of functions too, as the server reports them (auto_explain): the functions as they
 * stand are asked, no copies of their queries. For a superuser's session.
 */
export async function plansOf(client: pg.ClientBase, run: () => Promise<unknown>): Promise<Plans> {
  const nodes: Node[] = [];
  const listen = ({ message = '' }: { message?: string }) => {
    const plan = /^duration: .* plan:\n([\s\S]*)$/.exec(message)?.[1];
    if (plan !== undefined) nodes.push(...nodesOf((JSON.parse(plan) as { Plan: Node }).Plan));
  };
  await client.query(`load 'auto_explain'; set auto_explain.log_format = json; set auto_explain.log_nested_statements = on;
    set client_min_messages = log; set auto_explain.log_min_duration = 0`);
  client.on('notice', listen);
  try {
    await run();
  } finally {
    client.off('notice', listen);
    await client.query('set auto_explain.log_min_duration = -1; set client_min_messages = notice');
  }
  const scans = nodes.filter((node) => node['Node Type'] === 'Seq Scan');
  return {
    indexes: new Set(nodes.flatMap((node) => node['Index Name'] ?? [])),
    scanned: new Set(scans.flatMap((node) => node['Relation Name'] ?? [])),
  };
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
