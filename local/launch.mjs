// What `npm start` runs. Plain JavaScript, because it has to say what is missing on whatever Node there is.
import { existsSync } from 'node:fs';

const LEAST = [22, 18];

function stop(message, wayOut) {
  console.error(`\n✗ ${message}\n  ${wayOut}.\n`);
  process.exit(1);
}

if (!existsSync(new URL('../node_modules/wrangler', import.meta.url))) {
  stop('The packages are not installed yet.', 'Run npm ci, then npm start');
}
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  const how = 'Start with npm start, which uses the Node that npm ci installed (not with npm ci --ignore-scripts)';
  stop(`This needs Node ${LEAST.join('.')} or newer; it was started with ${process.versions.node}.`, how);
}
await import('./start.ts');
