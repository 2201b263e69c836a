// Wrangler prints what it finds missing in `.dev.vars`; here the stack gives every Worker its secrets. Imported before Wrangler.
process.env.WRANGLER_LOG ??= 'error';
process.env.WRANGLER_SEND_METRICS ??= 'false';
