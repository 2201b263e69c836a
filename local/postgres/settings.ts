/**
 * A small server that a developer does not notice. Commits are synchronous as in production: what was answered survives
 * SIGKILL. Small tables that queues churn are vacuumed early; no huge pages, no parallel workers for 2-core machines.
 */
const settings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_logical_replication_workers: '0',
  max_wal_size: '1GB',
  autovacuum_naptime: '10s',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  huge_pages: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
  password_encryption: 'scram-sha-256',
};

export const settingFlags = (port: number): string[] =>
  Object.entries({ ...settings, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
