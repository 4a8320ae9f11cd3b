/**
 * Asks the server on this machine whether it is up (OPS-2) and exits with 0 or 1: the container's health check, which
 * has no `curl`. It may ignore certificates, since their names are those that clients use.
 */
const { PORT, HOST, TLS_CERT_FILE } = Deno.env.toObject();
const everywhere = !HOST || HOST === "0.0.0.0" || HOST === "::";
const host = everywhere ? "127.0.0.1" : HOST.includes(":") ? `[${HOST}]` : HOST;
try {
  const url = `${TLS_CERT_FILE ? "https" : "http"}://${host}:${PORT || 8080}/healthz`;
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  Deno.exit(ok ? 0 : 1);
} catch {
  Deno.exit(1);
}
