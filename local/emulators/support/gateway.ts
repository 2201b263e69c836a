/** Statuses that a vendor's proxy answers by itself, without the vendor's own error body. */
export const isGatewayError = (status: number) => [502, 504].includes(status) || (status >= 520 && status <= 530);

/** The page a proxy sends in place of the vendor. */
export function gatewayError(status: number): Response {
  const page = `<html>\n<head><title>${status}</title></head>\n<body>\n<center><h1>${status}</h1></center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n`;
  return new Response(page, { status, headers: { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare' } });
}
